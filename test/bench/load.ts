/**
 * Agents of some hosts in one process: deliver prepared lines to a hub at a steady rate. argv: hub's address, hosts,
 * containers per host, lines to prepare. Message {rate} begins; the answer {took, lines, timesMs} comes at the end.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { dockerRecord, workload } from './generator.ts'
import { type Host, Speaker } from './speaker.ts'

export interface LoadFigures {
  lines: number
  seconds: number
  /** From the request to the receipt. */
  timesMs: number[]
}

const [url = '', hostCount = '4', containerCount = '25', lineCount = '1500000'] = process.argv.slice(2)
/** About 1 MiB of Docker's JSON. */
const LINES_PER_DELIVERY = 4500
const speaker = new Speaker(url)
const hosts: Host[] = []
for (let index = 0; index < Number(hostCount); index++) {
  hosts.push(await speaker.join(`bench-${index + 1}`, Number(containerCount)))
}
const chunks = prepare()
process.send?.({ ready: true })
process.on('message', ({ rate }: { rate: number }) => void deliverAll(rate))
process.on('disconnect', () => process.exit(0))

/** Each delivery: the lines of every container of a host, in one buffer per container. */
function prepare(): { lines: number; buffers: Buffer[] }[] {
  const startMs = Date.now() - 60_000
  const count = Number(lineCount)
  const found: { lines: number; buffers: Buffer[] }[] = []
  let texts: string[] = []
  let lines = 0
  for (const line of workload(count, { startMs, spanMs: 60_000 }).lines()) {
    const at = line.container % Number(containerCount)
    const record = dockerRecord(line.text, line.error ? 'stderr' : 'stdout', line.timeMs, lines)
    texts[at] = (texts[at] ?? '') + record
    if (++lines < LINES_PER_DELIVERY) continue
    found.push({ lines, buffers: Array.from(texts, (text) => Buffer.from(text ?? '')) })
    texts = []
    lines = 0
  }
  return found
}

async function deliverAll(rate: number): Promise<void> {
  const startedMs = performance.now()
  const everyMs = (LINES_PER_DELIVERY / rate) * 1000
  const timesMs: number[] = []
  let lines = 0
  const work = hosts.map(async (host, index) => {
    for (let turn = index; turn < chunks.length; turn += hosts.length) {
      await sleep(Math.max(0, startedMs + turn * everyMs - performance.now()))
      const chunk = chunks[turn]
      if (!chunk) return
      const askedMs = performance.now()
      await speaker.deliver(host, chunk.buffers)
      timesMs.push(performance.now() - askedMs)
      lines += chunk.lines
    }
  })
  await Promise.all(work)
  const figures: LoadFigures = { lines, seconds: (performance.now() - startedMs) / 1000, timesMs }
  process.send?.(figures)
}
