/**
 * The agent's numbers beside those of `docker stats --no-stream` on the same busy container. CPU: below its quota of half
 * a core, and ±15 points of percent from the mean of four calls made meanwhile, each of which looks at one second;
 * memory: ±10 %; block I/O: the same counters, which may have grown meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dockerEngine } from '../../../agent/docker/dockerode.ts'
import type { StatsSample } from '../../../agent/protocol.ts'
import { Sampler } from '../../../agent/stats/sampler.ts'
import { dockerHost, IMAGE } from './hosts.ts'

const host = dockerHost(1)
const engine = dockerEngine({ socketPath: host.socket })
const QUOTA_PERCENT = 50
const BUSY = 'dd if=/dev/zero of=/held bs=1M count=30 2>/dev/null; sync; while :; do :; done'
let id: string
const { signal } = new AbortController()

beforeAll(async () => {
  const limits = ['--cpus', '0.5', '--memory', '200m', '--pids-limit', '50']
  id = await host.docker('run', '-d', '--network', 'host', ...limits, IMAGE, 'sh', '-c', BUSY)
  await sleep(4000)
})

afterAll(async () => {
  if (id) await host.docker('rm', '-f', id)
})

test('control groups and the engine’s API give what docker stats gives', async () => {
  const samplers = { files: await samplerOn('/sys/fs/cgroup'), api: await samplerOn('/nowhere') }
  const looks = async () => ({
    files: sampleOf(await samplers.files.look(signal)),
    api: sampleOf(await samplers.api.look(signal))
  })
  const before = await looks()
  const shown: Record<string, string>[] = []
  for (let turn = 0; turn < 4; turn++) {
    shown.push(JSON.parse(await host.docker('stats', '--no-stream', '--format', '{{json .}}', id)))
  }
  const after = await looks()
  const told = shown.at(-1) ?? {}
  const toldPercent = shown.reduce((sum, one) => sum + Number.parseFloat(one['CPUPerc'] ?? ''), 0) / 4
  for (const kind of ['files', 'api'] as const) {
    const [first, last] = [before[kind], after[kind]]
    const grown = (last?.counters.cpuUs ?? 0) - (first?.counters.cpuUs ?? 0)
    const percent = grown / 10 / ((last?.atMs ?? 0) - (first?.atMs ?? 0))
    const memory = last?.gauges.memoryBytes ?? 0
    const seen = { kind, told, toldPercent, percent, memory, counters: last?.counters, gauges: last?.gauges }
    process.stderr.write(`${JSON.stringify(seen)}\n`)
    expect(percent).toBeLessThan(QUOTA_PERCENT + 5)
    expect(Math.abs(percent - toldPercent)).toBeLessThan(15)
    const [usage = '', limit = ''] = (told['MemUsage'] ?? '').split(' / ')
    expect(memory / bytesIn(usage)).toBeGreaterThan(0.9)
    expect(memory / bytesIn(usage)).toBeLessThan(1.1)
    expect(last?.gauges.memoryLimitBytes).toBe(200 * 1024 ** 2)
    expect(bytesIn(limit)).toBe(200 * 1024 ** 2)
    expect(last?.gauges.pids).toBe(Number(told['PIDs']))
    expect(last?.gauges.pidsLimit).toBe(50)
    const [, written = ''] = (told['BlockIO'] ?? '').split(' / ')
    expect(last?.counters.writeBytes).toBeGreaterThanOrEqual(bytesIn(written) * 0.99)
    expect(last?.counters.throttledPeriods).toBeGreaterThan(0)
    // It shares the host's network: no numbers of its own.
    expect(last?.counters.rxBytes).toBeUndefined()
  }
  // Both look at the same counters.
  const ratio = (after.files?.counters.cpuUs ?? 0) / (after.api?.counters.cpuUs ?? 1)
  expect(Math.abs(ratio - 1)).toBeLessThan(0.2)
  expect(after.files?.counters.writeBytes).toBe(after.api?.counters.writeBytes)
})

async function samplerOn(cgroupDir: string): Promise<Sampler> {
  const found = await engine.inspect(id, signal)
  const sampler = new Sampler({
    ...{ intervalMs: 10_000, remote: false, hostRoot: '', procDir: '/proc', cgroupDir, engine },
    rootDir: () => host.data,
    measured: () => {},
    failed: (_, error) => {
      throw error
    }
  })
  const facts = { container: id, name: 'busy', app: 'busy', environment: 'test', image: IMAGE, labels: {} }
  sampler.tell(
    { ...facts, identity: 'name', state: 'running' },
    {
      pid: found?.State.Pid ?? 0,
      hostNetwork: found?.HostConfig.NetworkMode === 'host'
    }
  )
  return sampler
}

function sampleOf(samples: StatsSample[]): StatsSample | undefined {
  return samples.find(({ container }) => container === id)
}

/** `28.5MiB`, `31.5MB`, `0B` */
function bytesIn(text: string): number {
  const [, digits = '', unit = 'B'] = /^([\d.]+)\s*([A-Za-z]+)$/.exec(text.trim()) ?? []
  const powers: Record<string, number> = {
    ...{ B: 1, kB: 1e3, MB: 1e6, GB: 1e9 },
    ...{ KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }
  }
  return Number(digits) * (powers[unit] ?? Number.NaN)
}
