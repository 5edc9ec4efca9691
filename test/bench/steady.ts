/**
 * A store in a process of its own that takes 1,000 records every 10 ms while questions are asked: what the hub's main
 * thread would feel. argv: folder. Any message begins; the answer is SteadyFigures.
 */
import { open as openFile } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import type { LogStore } from '../../collector/store/store.ts'
import { appends, later, take } from './batches.ts'
import { openEngine } from './built.ts'
import { memoryMb, quantile, waiting } from './process.ts'
import { queryOf } from './questions.ts'

export interface SteadyFigures {
  /** Records a second. */
  rate: number
  /** p50, p99. */
  appendMs: [number, number]
  /** p50, p99 of a write and fdatasync of as many bytes, before the store worked. */
  plainMs: [number, number]
  /** p99. */
  lagMs: number
  restingLagMs: number
  /** p50. */
  askedMs: number
  /** Percent of the time for which the main thread was ready but had no core. */
  waited: number
  /** Before the load: test data and loader. */
  restingMb: number
  /** At the end, test data included. */
  memoryMb: number
}

const [dataDir = ''] = process.argv.slice(2)
const RATE = 100_000
const MS = 20_000
const RING_MS = 2000
const PER_APPEND = RATE / 100
const QUESTIONS = ['app:orders', 'level:error', 'timeout', '"connection refused"', 'app:checkout level>=warn']

process.on('message', () => void measure().then((figures) => process.send?.(figures)))
process.on('disconnect', () => process.exit(0))
process.send?.({ ready: true })

async function measure(): Promise<SteadyFigures> {
  const startMs = Date.now() - 120_000
  const records = (RATE * RING_MS) / 1000
  const ring = take(appends(records, { perAppend: PER_APPEND, startMs, spanMs: RING_MS }), records)
  const { EmbeddedLogStore } = await openEngine()
  await using store = await EmbeddedLogStore.open({ dataDir, log: pino({ level: 'silent' }) })
  store.warm()
  const plain = await plainWrites((ring[0]?.rawBytes ?? 0) + 40 * PER_APPEND)
  const restingLagMs = await lagOf(() => sleep(3000))
  const restingMb = memoryMb(process.pid).now
  const waited = waiting(process.pid)
  const times: number[] = []
  const asked: number[] = []
  const lagMs = await lagOf(async () => {
    const until = Date.now() + MS
    const asking = ask(store, startMs, until, asked)
    const appended: Promise<void>[] = []
    const begin = performance.now()
    for (let turn = 0; Date.now() < until; turn++) {
      const round = Math.floor(turn / ring.length)
      const batches = (ring[turn % ring.length]?.batches ?? []).map((batch) =>
        later(batch, round * RING_MS, round * 1e9)
      )
      const handedIn = performance.now()
      appended.push(store.append(batches).then(() => void times.push(performance.now() - handedIn)))
      await sleep(Math.max(0, begin + (turn + 1) * 10 - performance.now()))
    }
    await Promise.all([asking, ...appended])
  })
  return {
    rate: (times.length * PER_APPEND * 1000) / MS,
    appendMs: [quantile(times, 0.5), quantile(times, 0.99)],
    plainMs: [quantile(plain, 0.5), quantile(plain, 0.99)],
    lagMs,
    restingLagMs,
    askedMs: quantile(asked, 0.5),
    waited: waited(),
    restingMb,
    memoryMb: memoryMb(process.pid).now
  }
}

async function plainWrites(bytes: number): Promise<number[]> {
  await using file = await openFile(join(dataDir, 'plain.tmp'), 'w')
  const block = Buffer.alloc(bytes, 'x')
  const times: number[] = []
  for (let turn = 0; turn < 200; turn++) {
    const startedMs = performance.now()
    await file.write(block)
    await file.datasync()
    times.push(performance.now() - startedMs)
    await sleep(10)
  }
  return times
}

/** One question after the other, ten a second at most. */
async function ask(store: LogStore, fromMs: number, untilMs: number, times: number[]): Promise<void> {
  for (let turn = 0; Date.now() < untilMs; turn++) {
    const query = queryOf(QUESTIONS[turn % QUESTIONS.length] ?? '', fromMs, Date.now() + 86_400_000)
    const startedMs = performance.now()
    await store.search(query, { limit: 200, direction: 'older' }, { budgetMs: 5000 })
    times.push(performance.now() - startedMs)
    await sleep(100)
  }
}

/** p99 of how late timers were, ms. */
async function lagOf(work: () => Promise<unknown>): Promise<number> {
  const resolution = 1
  const delay = monitorEventLoopDelay({ resolution })
  delay.enable()
  await work()
  delay.disable()
  return Math.max(0, delay.percentile(99) / 1e6 - resolution)
}
