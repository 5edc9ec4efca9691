/**
 * Appends records and dies right behind an acknowledgement, as by kill -9. argv: folder, records.
 * Says before how many were acknowledged.
 */
import { pino } from 'pino'
import { appends } from './batches.ts'
import { openEngine } from './built.ts'

const [dataDir = '', count = '0'] = process.argv.slice(2)
const { EmbeddedLogStore } = await openEngine()
const store = await EmbeddedLogStore.open({ dataDir, log: pino({ level: 'silent' }) })
const made = appends(Number(count), { perAppend: 4000, startMs: Date.now() - 60_000, spanMs: 60_000 })
const all = []
for (let next = made.next(); !next.done; next = made.next()) all.push(next.value)
let acknowledged = 0
await Promise.all(
  all.map(async ({ batches, records }) => {
    await store.append(batches)
    acknowledged += records
  })
)
process.send?.({ acknowledged }, () => process.kill(process.pid, 'SIGKILL'))
