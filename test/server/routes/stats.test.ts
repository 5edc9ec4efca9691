import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { InstanceEvent } from '../../../agent/protocol.ts'
import { type Fleet, openFleet } from '../../../collector/fleet/fleet.ts'
import { instanceSubject } from '../../../collector/stats/arrivals.ts'
import { MemoryShelf } from '../../../collector/stats/shelf.ts'
import { openStats, type StatsStore } from '../../../collector/stats/store.ts'
import { MemoryStateStore } from '../../../collector/store/memory-state.ts'
import { statsView } from '../../../server/stats-view.ts'
import { openFace } from '../face.ts'

const MINUTE_MS = 60_000
/** On a whole hour. */
const NOW_MS = Math.floor(1_795_428_000_000 / 3_600_000) * 3_600_000

test('an instance, a host, and an app over a move: exact rates in aligned steps', async () => {
  await using scene = await openScene()
  const { face, fleet, stats, berlin, oslo } = scene
  const first = tell(fleet, berlin, 'c1', NOW_MS - 30 * MINUTE_MS)
  await run(stats, berlin, first, NOW_MS - 30 * MINUTE_MS, NOW_MS - 10 * MINUTE_MS, 1)
  // It goes on elsewhere without a pause.
  const second = tell(fleet, oslo, 'c2', NOW_MS - 10 * MINUTE_MS)
  await run(stats, oslo, second, NOW_MS - 10 * MINUTE_MS, NOW_MS, 1)
  const range = `from=${NOW_MS - 20 * MINUTE_MS}&to=${NOW_MS}&stepSeconds=120&metrics=cpu,memory`

  const one = await face.get(`/api/stats?instance=${first}&${range}`)
  expect(one.body.series[0]).toMatchObject({ instance: first, metric: 'cpu', unit: 'cores' })
  expect(one.body.series[0].avg).toEqual([...Array(5).fill(1), ...Array(5).fill(null)])
  expect(one.body.times).toHaveLength(10)
  expect(one.body).toMatchObject({ stepMs: 120_000, tier: 'minutes' })

  const app = await face.get(`/api/stats?app=orders&environment=production&${range}`)
  expect(app.body.series).toHaveLength(2)
  const { avg } = app.body.series[0]
  expect(avg).toHaveLength(10)
  // One core all the time: the move counts once, and leaves no hole.
  for (const value of avg) expect(value).toBeCloseTo(1, 1)
  expect(avg.reduce((sum: number, value: number) => sum + value, 0) / 10).toBeCloseTo(1, 1)

  const each = await face.get(`/api/stats?app=orders&by=instance&${range}`)
  expect(each.body.series.map((series: { instance: string }) => series.instance)).toEqual([
    ...[second, second],
    ...[first, first]
  ])
  expect(each.body.others).toBe(0)
})

test('latest: hosts and what runs, with units; what is gone is not there', async () => {
  await using scene = await openScene()
  const { face, fleet, stats, berlin } = scene
  const id = tell(fleet, berlin, 'c1', NOW_MS - MINUTE_MS)
  await run(stats, berlin, id, NOW_MS - MINUTE_MS, NOW_MS, 0.5)
  tell(fleet, berlin, 'c0', NOW_MS - 2 * MINUTE_MS, 'remove')
  const { body } = await face.get('/api/stats/latest')
  expect(body.instances).toHaveLength(1)
  expect(body.instances[0]).toMatchObject({
    instance: id,
    app: 'orders',
    hostName: 'berlin',
    state: 'running'
  })
  expect(body.instances[0].values).toEqual({ cpu: 0.5, memory: 1000 })
  expect(body.units).toMatchObject({ cpu: 'cores', memory: 'B' })
  expect(body.hosts.map(({ hostName }: { hostName: string }) => hostName)).toEqual(['berlin', 'oslo'])
  expect((await face.get('/api/stats/latest?app=none')).body).toMatchObject({ hosts: [], instances: [] })
})

test('refusals have codes and say what would do', async () => {
  await using scene = await openScene()
  const codeOf = async (query: string) => (await scene.face.get(`/api/stats?${query}`)).body.code
  expect(await codeOf('metrics=cpu')).toBe('DRIFTLOG_STATS_SUBJECT')
  expect(await codeOf('app=orders&metrics=cpu,heat')).toBe('DRIFTLOG_STATS_METRIC')
  expect(await codeOf('app=orders&metrics=constructor')).toBe('DRIFTLOG_STATS_METRIC')
  expect(await codeOf('host=nobody')).toBe('DRIFTLOG_STATS_HOST_NOT_FOUND')
  expect(await codeOf('instance=0123456789abcdef')).toBe('DRIFTLOG_INSTANCE_NOT_FOUND')
  expect(await codeOf('app=orders&from=now-1d&stepSeconds=1')).toBeUndefined()
  expect(await codeOf('app=orders&by=instance&from=now-1d&stepSeconds=1')).toBe('DRIFTLOG_STATS_POINTS')
  expect(await codeOf('app=orders&from=now&to=now-1h')).toBe('DRIFTLOG_TIME_ORDER')
  expect(await codeOf('app=orders&points=0')).toBe('DRIFTLOG_VALIDATION')
})

async function openScene() {
  const fleet = await openFleet(new MemoryStateStore(), () => NOW_MS)
  const retention = { samplesMs: 2 * 86_400_000, minutesMs: 30 * 86_400_000, hoursMs: 400 * 86_400_000 }
  const log = pino({ level: 'silent' })
  const stats = await openStats({ shelf: new MemoryShelf(), retention, log, nowMs: () => NOW_MS })
  const berlin = (await fleet.enrol({ name: 'berlin' }, '1')).host
  const oslo = (await fleet.enrol({ name: 'oslo' }, '1')).host
  for (const host of [berlin, oslo]) fleet.heard(host)
  const view = statsView(fleet, stats, () => NOW_MS)
  const face = await openFace({ parts: { stats: view, nowMs: () => NOW_MS } })
  return {
    ...{ face, fleet, stats, berlin, oslo },
    async [Symbol.asyncDispose]() {
      await face[Symbol.asyncDispose]()
      await fleet[Symbol.asyncDispose]()
    }
  }
}

function tell(
  fleet: Fleet,
  host: string,
  container: string,
  startedMs: number,
  kind: InstanceEvent['kind'] = 'start'
): string {
  const state = kind === 'remove' ? 'removed' : 'running'
  const instance = {
    ...{ container, name: container, app: 'orders', environment: 'production', image: 'orders:1' },
    ...{ identity: 'name' as const, labels: {}, state, startedMs }
  }
  fleet.tell(host, [{ kind, atMs: startedMs, instance }])
  return fleet.instance(host, container)?.instance ?? ''
}

/** Samples every ten seconds of a container that uses so many cores. */
async function run(
  stats: StatsStore,
  host: string,
  id: string,
  fromMs: number,
  toMs: number,
  cores: number
): Promise<void> {
  for (let atMs = fromMs + 5000; atMs <= toMs; atMs += 10_000) {
    const counters = { cpuUs: (atMs - fromMs) * 1000 * cores }
    const gauges = { memoryBytes: 1000 }
    await stats.take(host, [{ subject: instanceSubject(id), atMs, sinceMs: fromMs, counters, gauges }])
  }
}
