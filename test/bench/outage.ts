/** A hub that is away for ten minutes while fifty containers write: what its agent holds, and how it comes back. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../ports.ts'
import { Hub, startAgent } from '../system/programs.ts'
import { startPartner } from './partner.ts'
import { memoryMb } from './process.ts'
import { type Bench, bar } from './row.ts'

const SECONDS = Number(process.env['BENCH_OUTAGE_SECONDS'] ?? 600)
const RATE = 2000
const CONTAINERS = 50
/** Less than this is what is being written just now. */
const DRAINED_BYTES = 256 * 1024
/** The tail is current when the newest line is younger than this. */
const CURRENT_MS = 1000

export const rows: Bench = async (progress) => {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-bench-outage-'))
  try {
    const socket = join(folder, 'docker.sock')
    const writerArgs = [socket, join(folder, 'docker'), String(CONTAINERS)]
    await using writer = await startPartner('./writer.ts', writerArgs)
    await using hub = await new Hub({ dataDir: join(folder, 'hub'), port: await freePort() }).start()
    const stateDir = join(folder, 'agent')
    await using agent = startAgent({ hubUrl: hub.url, socket, stateDir, name: 'bench' })
    writer.child.send({ rate: RATE })
    await sleep(15_000)
    const restingMb = memoryMb(agent.pid).now
    await hub.program.kill()
    progress(`the hub is away for ${SECONDS} s`)
    let highestMb = 0
    for (let second = 0; second < SECONDS; second++) {
      await sleep(1000)
      highestMb = Math.max(highestMb, memoryMb(agent.pid).now)
      if (second % 60 === 59) progress(`${second + 1} s, agent ${Math.round(highestMb)} MB`)
    }
    await hub.start()
    const startedMs = performance.now()
    while ((await ageMs(hub)) > CURRENT_MS) await sleep(20)
    const currentMs = performance.now() - startedMs
    progress(`the tail is current after ${Math.round(currentMs)} ms`)
    const backlog = RATE * SECONDS
    while ((await behindBytes(hub)) > DRAINED_BYTES) await sleep(100)
    const drainedS = (performance.now() - startedMs) / 1000
    const drainMb = memoryMb(agent.pid).peak
    const { written } = await writer.ask<{ written: number }>({ rate: 0 })
    const found = await hub.settled({}, written, 10_000)
    const drainRate = backlog / drainedS
    const growthMb = highestMb - restingMb
    return [
      {
        what: `hub away for ${SECONDS} s at ${RATE} lines/s: agent's memory before`,
        value: restingMb,
        unit: 'MB'
      },
      { what: 'agent: memory at its highest meanwhile', value: highestMb, unit: 'MB' },
      { what: 'agent: growth by the outage', value: growthMb, unit: 'MB', bar: bar(growthMb, 20, 'MB') },
      {
        what: 'hub answers to tail current (newest line found is younger than 1 s)',
        value: currentMs / 1000,
        unit: 's',
        bar: bar(currentMs / 1000, 5, 's')
      },
      {
        what: 'backlog drained, lines beside those written meanwhile',
        value: drainRate,
        unit: 'lines/s',
        beside: { name: 'written', value: RATE, times: drainRate / RATE },
        bar: bar(drainRate, 10 * RATE, 'lines/s', false)
      },
      { what: 'agent: memory at its highest while draining', value: drainMb, unit: 'MB' },
      {
        what: 'lines lost or doubled',
        value: Math.abs(written - found),
        unit: '',
        bar: bar(Math.abs(written - found), 0, '')
      }
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function behindBytes(hub: Hub): Promise<number> {
  const { hosts } = await hub.get<{ hosts: { behindBytes: number }[] }>('/api/hosts')
  return hosts.reduce((sum, host) => sum + host.behindBytes, 0)
}

async function ageMs(hub: Hub): Promise<number> {
  const { records } = await hub.get<{ records: { time: string }[] }>('/api/logs?limit=1&from=now-1h')
  return Date.now() - Date.parse(records[0]?.time ?? '1970-01-01T00:00:00Z')
}
