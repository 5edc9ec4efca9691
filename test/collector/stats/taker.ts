/** Takes one sample after another into the folder named first and says which are durable, until it is killed. */
import { pino } from 'pino'
import { openLmdbShelf } from '../../../collector/stats/shelf.ts'
import { openStats } from '../../../collector/stats/store.ts'
import { FIRST_MS, randomSamples } from './samples.ts'

const DAY_MS = 86_400_000
const shelf = await openLmdbShelf(process.argv[2] ?? '')
const stats = await openStats({
  shelf,
  retention: { samplesMs: 2 * DAY_MS, minutesMs: 30 * DAY_MS, hoursMs: 400 * DAY_MS },
  log: pino({ level: 'silent' }),
  nowMs: () => FIRST_MS + DAY_MS / 2
})
for (const [i, sample] of randomSamples(1000, 3).entries()) {
  await stats.take('h1', [sample])
  process.stdout.write(`${i}\n`)
}
