/** From a line written by a container to the search that finds it, through real agent and real hub, under load. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startPretendedEngine } from '../../server/demo/engine.ts'
import { freePort } from '../ports.ts'
import { Hub, startAgent } from '../system/programs.ts'
import { cpuSeconds, memoryMb, quantile } from './process.ts'
import { type Bench, bar } from './row.ts'

const PROBES = 60
const LOAD_LINES_PER_SECOND = 2000

export const rows: Bench = async (progress) => {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-bench-latency-'))
  try {
    const socket = join(folder, 'docker.sock')
    await using engine = await startPretendedEngine({
      socketPath: socket,
      dir: join(folder, 'docker'),
      id: 'l',
      name: 'bench'
    })
    await using hub = await new Hub({ dataDir: join(folder, 'hub'), port: await freePort() }).start()
    await using agent = startAgent({
      hubUrl: hub.url,
      socket,
      stateDir: join(folder, 'agent'),
      name: 'bench'
    })
    const names = Array.from({ length: 20 }, (_, index) => `app${String.fromCharCode(97 + index)}`)
    for (const name of names) engine.run({ name, image: 'app:1' })
    let turn = 0
    const load = setInterval(() => {
      for (let i = 0; i < LOAD_LINES_PER_SECOND / 50; i++) {
        const name = names[turn++ % names.length] ?? ''
        engine.write(name, 'stdout', `level=info msg="order ${turn} accepted" user=amelia\n`)
      }
    }, 20)
    await sleep(4000)
    const cpuBefore = cpuSeconds(hub.program.pid)
    const started = Date.now()
    const times: number[] = []
    for (let probe = 0; probe < PROBES; probe++) {
      if (probe % 20 === 0) progress(`${probe} of ${PROBES} probes`)
      const name = names[probe % names.length] ?? ''
      times.push(
        await found(hub, name, `probe${probe}x${process.pid}`, (text) => engine.write(name, 'stdout', text))
      )
      await sleep(100 + ((probe * 37) % 200))
    }
    const hubCpu = ((cpuSeconds(hub.program.pid) - cpuBefore) / ((Date.now() - started) / 1000)) * 100
    clearInterval(load)
    const p95 = quantile(times, 0.95)
    return [
      { what: 'line written to found by a search, p50', value: quantile(times, 0.5), unit: 'ms' },
      { what: 'line written to found by a search, p95', value: p95, unit: 'ms', bar: bar(p95, 300, 'ms') },
      {
        what: `hub at ${LOAD_LINES_PER_SECOND} lines/s and these searches: CPU of a core`,
        value: hubCpu,
        unit: '%'
      },
      { what: 'hub: memory', value: memoryMb(hub.program.pid).now, unit: 'MB' },
      { what: 'agent: memory', value: memoryMb(agent.pid).now, unit: 'MB' }
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function found(hub: Hub, app: string, word: string, write: (text: string) => void): Promise<number> {
  const started = performance.now()
  write(`level=info msg="${word}"\n`)
  for (;;) {
    const { records } = await hub.get<{ records: unknown[] }>(`/api/logs?app=${app}&q=${word}&from=now-5m`)
    if (records.length > 0) return performance.now() - started
    if (performance.now() - started > 20_000) throw new Error(`${word} was not found within 20 s`)
    await sleep(5)
  }
}
