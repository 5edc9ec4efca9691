/** Many agents on one hub, each with a little to say all the time: what the hub pays for agents, beside lines. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../ports.ts'
import { Hub } from '../system/programs.ts'
import type { AgentsFigures } from './agents.ts'
import { startPartner } from './partner.ts'
import { causeOf, cpuSeconds, memoryMb, quantile, waiting } from './process.ts'
import { type Bench, bar, type Row } from './row.ts'

const SECONDS = 30
/** Agents, and lines a second of each. */
const FLEETS: [number, number][] = [
  [200, 100],
  [1000, 20]
]

export const rows: Bench = async (progress) => {
  const found: Row[] = []
  for (const [agents, rate] of FLEETS) found.push(...(await fleetOf(agents, rate, progress)))
  return found
}

async function fleetOf(agents: number, rate: number, progress: (text: string) => void): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-bench-fleet-'))
  try {
    await using hub = await new Hub({ dataDir: join(folder, 'hub'), port: await freePort() }).start()
    progress(`${agents} agents join`)
    await using partner = await startPartner('./agents.ts', [hub.url, agents, rate].map(String))
    const { pid } = hub.program
    const waited = waiting(pid)
    const before = cpuSeconds(pid)
    progress(`${agents} agents with ${rate} lines a second each`)
    const figures = await partner.ask<AgentsFigures>({ seconds: SECONDS })
    const cpu = cpuSeconds(pid) - before
    const stored = await hub.total({ from: 'now-1h', to: 'now+1h', buckets: '10' })
    const p99 = quantile(figures.timesMs, 0.99)
    const cause = causeOf(waited())
    const what = (name: string) => `${agents} agents, ${rate} lines/s each: ${name}`
    return [
      { what: what('lines taken and durable'), value: figures.lines / figures.seconds, unit: 'lines/s' },
      { what: what('of the lines delivered, found'), value: (stored / figures.lines) * 100, unit: '%' },
      { what: what('deliveries'), value: figures.deliveries / figures.seconds, unit: '/s' },
      { what: what('CPU of a core'), value: (cpu / figures.seconds) * 100, unit: '%' },
      { what: what('CPU per delivery'), value: (cpu / figures.deliveries) * 1000, unit: 'ms' },
      {
        what: what('delivered to durable and answered, p50'),
        value: quantile(figures.timesMs, 0.5),
        unit: 'ms'
      },
      {
        what: what('delivered to durable and answered, p99'),
        value: p99,
        unit: 'ms',
        bar: bar(p99, 1000, 'ms'),
        ...(cause && { cause })
      },
      { what: what('agents gather for, as the hub asks'), value: figures.gatherMs, unit: 'ms' },
      { what: what('memory of the hub'), value: memoryMb(pid).peak, unit: 'MB' }
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
