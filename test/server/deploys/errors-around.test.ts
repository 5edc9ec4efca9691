import { expect, test } from 'vitest'
import { MemoryLogStore } from '../../../collector/store/memory.ts'
import { errorsAround } from '../../../server/deploys/errors-around.ts'
import { BOUNDS, batch, DAY, type Line, origin } from '../../collector/store/corpus.ts'
import { definition, ended, Scene, startHub } from './scene.ts'

const AT_MS = Number(DAY / 1_000_000n)
const MINUTE_NS = 60_000_000_000n

test('errors are counted to the nanosecond before and after, of one app in one environment', async () => {
  const logs = new MemoryLogStore()
  const lines: Line[] = [
    ...[-31n, -30n, -1n].map((minute) => line(minute * MINUTE_NS, 'error')),
    line(-1n, 'fatal'),
    line(-2n, 'warn'),
    line(0n, 'error'),
    line(MINUTE_NS, 'info'),
    line(30n * MINUTE_NS - 1n, 'error'),
    line(30n * MINUTE_NS, 'error')
  ]
  await logs.append([batch(origin('orders'), lines)])
  await logs.append([batch(origin('web'), lines)])
  await logs.append([batch(origin('orders', 'h1', 'x', { environment: 'staging' }), lines)])
  const asked = { app: 'orders', environment: 'production', atMs: AT_MS, minutes: 30 }
  const nowMs = AT_MS + 10 * 60_000
  const around = await errorsAround(logs, { ...asked, nowMs }, BOUNDS)
  expect(around).toEqual({
    q: 'level>=error',
    fromMs: AT_MS - 1_800_000,
    atMs: AT_MS,
    toMs: AT_MS + 1_800_000,
    before: { errors: 3, perMinute: 0.1 },
    // Ten of the thirty minutes have passed.
    after: { errors: 2, perMinute: 0.2 },
    complete: true
  })
  const atOnce = await errorsAround(logs, { ...asked, nowMs: AT_MS }, BOUNDS)
  expect(atOnce.after).toEqual({ errors: 2, perMinute: 0 })
})

test('the route counts around the moment when the deploy touched something; an unknown one is told', async () => {
  await using scene = new Scene(1)
  await using hub = await startHub(scene)
  scene.startAgents(hub)
  const { definitions, deploys } = hub.parts
  const by = { kind: 'person', name: 'ann' } as const
  await definitions.put('orders', definition({ replicas: 1 }), by)
  const begun = await deploys.begin({ app: 'orders', environment: 'staging', image: '1', by })
  const { id, startedMs } = await ended(hub, begun.id)
  const answer = await hub.face.get(`/api/deploys/${id}/errors?minutes=5`)
  expect(answer).toMatchObject({ status: 200, body: { atMs: startedMs, before: { errors: 0 } } })
  expect(answer.body.toMs - answer.body.fromMs).toBe(600_000)
  expect(await hub.face.get('/api/deploys/nothing/errors')).toMatchObject({
    status: 404,
    body: { code: 'DRIFTLOG_DEPLOY_NOT_FOUND' }
  })
  expect(await hub.face.get(`/api/deploys/${id}/errors?minutes=0`)).toMatchObject({ status: 400 })
})

function line(afterNs: bigint, level: NonNullable<Line['level']>): Line {
  return { text: `${level} at ${afterNs}`, time: DAY + afterNs, level }
}
