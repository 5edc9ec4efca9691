/** A whole hub at 100,000 lines a second, as agents deliver them, while people search. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../ports.ts'
import { Hub } from '../system/programs.ts'
import type { LoadFigures } from './load.ts'
import { startPartner } from './partner.ts'
import { causeOf, cpuSeconds, memoryMb, quantile, waiting } from './process.ts'
import { type Bench, bar, beside } from './row.ts'

const RATE = 100_000
const LINES = Number(process.env['BENCH_HUB_LINES'] ?? 1_500_000)
const HOSTS = 4
const CONTAINERS = 25

export const rows: Bench = async (progress) => {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-bench-hub-'))
  try {
    await using hub = await new Hub({ dataDir: join(folder, 'hub'), port: await freePort() }).start()
    progress(`preparing ${LINES.toLocaleString('en-US')} lines of ${HOSTS} hosts`)
    await using load = await startPartner('./load.ts', [hub.url, HOSTS, CONTAINERS, LINES].map(String))
    await lagMs(hub)
    await sleep(3000)
    const resting = await lagMs(hub)
    const restingMb = memoryMb(hub.program.pid).now
    const cpuBefore = cpuSeconds(hub.program.pid)
    const startedMs = performance.now()
    const over = new AbortController()
    const waited = waiting(hub.program.pid)
    const times: number[] = []
    progress('delivering and searching')
    const asking = search(hub, times, over.signal)
    const figures = await load.ask<LoadFigures>({ rate: RATE })
    over.abort()
    await asking
    const waitedPercent = waited()
    const cause = causeOf(waitedPercent)
    const seconds = (performance.now() - startedMs) / 1000
    const cpu = cpuSeconds(hub.program.pid) - cpuBefore
    const lag = await lagMs(hub)
    const memory = memoryMb(hub.program.pid)
    const stored = await hub.total({ from: 'now-1h', to: 'now+1h', buckets: '10' })
    const [p50, p99] = [quantile(figures.timesMs, 0.5), quantile(figures.timesMs, 0.99)]
    return [
      { what: 'lines taken and durable', value: figures.lines / figures.seconds, unit: 'lines/s' },
      { what: 'of the lines delivered, found afterwards', value: (stored / figures.lines) * 100, unit: '%' },
      {
        what: 'CPU per million lines, searches included',
        value: cpu / (figures.lines / 1e6),
        unit: 's'
      },
      { what: 'CPU of a core', value: (cpu / seconds) * 100, unit: '%' },
      {
        what: 'event-loop lag, p99',
        value: lag,
        unit: 'ms',
        beside: beside('at rest', lag, resting),
        bar: bar(lag, 20, 'ms'),
        ...(cause && { cause })
      },
      { what: 'main thread ready, but without a core', value: waitedPercent, unit: '%' },
      { what: '1 MiB delivered to durable and answered, p50', value: p50, unit: 'ms' },
      { what: '1 MiB delivered to durable and answered, p99', value: p99, unit: 'ms' },
      { what: 'searches meanwhile, p50', value: quantile(times, 0.5), unit: 'ms' },
      { what: 'searches meanwhile, p95', value: quantile(times, 0.95), unit: 'ms' },
      { what: 'memory before', value: restingMb, unit: 'MB' },
      { what: 'memory at its highest', value: memory.peak, unit: 'MB', bar: bar(memory.peak, 600, 'MB') }
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** One search after the other, five a second at most. */
async function search(hub: Hub, times: number[], signal: AbortSignal): Promise<void> {
  const questions = ['app:app3', 'level:error', 'timeout', '"connection refused"', 'app:app1 level>=warn']
  for (let turn = 0; !signal.aborted; turn++) {
    const query = new URLSearchParams({
      q: questions[turn % questions.length] ?? '',
      from: 'now-1h',
      to: 'now+1h'
    })
    const startedMs = performance.now()
    await hub.get(`/api/logs?${query}`)
    times.push(performance.now() - startedMs)
    await sleep(200)
  }
}

/** p99 since the last time that it was asked, as the hub says it. */
async function lagMs(hub: Hub): Promise<number> {
  const answer = await fetch(`${hub.url}/metrics`)
  const [, seconds] = /^driftlog_event_loop_lag_p99_seconds (\S+)$/m.exec(await answer.text()) ?? []
  return seconds === undefined ? Number.NaN : Number(seconds) * 1000
}
