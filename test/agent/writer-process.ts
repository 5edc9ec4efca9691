/** Writes numbered lines into a json-file log as dockerd does, one write a line, rotating at full speed. */
import { setImmediate } from 'node:timers/promises'
import { JsonFileLog } from '../../server/demo/jsonfile.ts'
import type { WriterOptions } from './scene.ts'

const options = JSON.parse(process.argv[2] ?? '{}') as WriterOptions
const log = new JsonFileLog(
  options.path,
  {
    ...(options.maxSize !== undefined && { 'max-size': options.maxSize }),
    ...(options.maxFile !== undefined && { 'max-file': String(options.maxFile) }),
    ...(options.compress && { compress: 'true' })
  },
  ''
)
const from = options.from ?? 0
const startedMs = performance.now()
for (let number = from; number < from + options.lines; number++) {
  const due = options.linesPerSecond === 0 ? 0 : ((number - from) / options.linesPerSecond) * 1000
  while (performance.now() - startedMs < due) await setImmediate()
  if (number % 100 === 0) await setImmediate()
  const text = `${number} GET /api/v1/orders/${number * 7} 200 ${number % 97} ms trace=${(number * 2654435761) % 2 ** 32}\n`
  log.write('stdout', Buffer.from(text), BigInt(Date.now()) * 1_000_000n + BigInt(number % 1_000_000))
}
log.close(BigInt(Date.now()) * 1_000_000n)
