import { expect, test } from 'vitest'
import type { By, Check } from '../../../server/deploys/deploy.ts'
import { randomFrom } from '../../collector/parse/lines.ts'
import { BY, definition, digest, ended, Scene, startHub, type TestHub } from './scene.ts'

const asked = { app: 'orders', environment: 'staging', by: BY }
const ANN: By = { kind: 'token', name: 'ann', id: 't1' }
const BOB: By = { kind: 'person', name: 'bob', id: 't2' }
const check = (name: string, passed: boolean): Check => ({ name, passed, atMs: 1, by: BY })

/** Version 1 runs in staging; production takes it from there. */
async function staged(scene: Scene, rollout: object): Promise<{ hub: TestHub; id: string }> {
  const hub = await startHub(scene)
  scene.startAgents(hub)
  const environments = { staging: {}, production: { rollout: { from: 'staging', ...rollout } }, other: {} }
  await hub.parts.definitions.put('orders', definition({ replicas: 1, environments }), BY)
  const { id } = await hub.parts.deploys.begin({ ...asked, image: '1' })
  await ended(hub, id)
  return { hub, id }
}

test('into an environment that takes from another one nothing comes but by promotion', async () => {
  await using scene = new Scene(1)
  const { hub, id } = await staged(scene, {})
  await using _ = hub
  const { deploys } = hub.parts
  const refused = { code: 'DRIFTLOG_PROMOTE_ONLY', message: expect.stringContaining('staging') }
  await expect(deploys.begin({ ...asked, environment: 'production' })).rejects.toMatchObject(refused)
  const promoted = await deploys.promote(id, { environment: 'production', by: BY })
  expect(await ended(hub, promoted.id)).toMatchObject({ state: 'succeeded', promotedFrom: id, version: 1 })
})

test('an older definition that says nothing of it is no way around', async () => {
  await using scene = new Scene(1)
  const { hub } = await staged(scene, {})
  await using _ = hub
  const { deploys, definitions } = hub.parts
  await definitions.put('orders', definition({ replicas: 1 }), BY)
  const environments = { staging: {}, production: { rollout: { from: 'staging' } } }
  await definitions.put('orders', definition({ replicas: 1, environments }), BY)
  await expect(deploys.begin({ ...asked, environment: 'production', version: 2 })).rejects.toMatchObject({
    code: 'DRIFTLOG_PROMOTE_ONLY'
  })
})

test('checks that are missing or have failed are named; the newest of a name counts', async () => {
  await using scene = new Scene(1)
  const { hub, id } = await staged(scene, { checks: ['tests', 'sonar'] })
  await using _ = hub
  const { deploys } = hub.parts
  const promote = () => deploys.promote(id, { environment: 'production', by: BY })
  await deploys.report(id, check('sonar', false))
  await expect(promote()).rejects.toMatchObject({
    code: 'DRIFTLOG_CHECKS',
    message: expect.stringContaining('tests was not reported, sonar has failed')
  })
  await deploys.report(id, check('tests', true))
  const { checks } = await deploys.report(id, check('sonar', true))
  expect(checks.map(({ name, passed }) => [name, passed])).toEqual([
    ['tests', true],
    ['sonar', true]
  ])
  expect(await ended(hub, (await promote()).id)).toMatchObject({ state: 'succeeded' })
  const steps = await deploys.steps(id)
  expect(steps.filter(({ step }) => step === 'check-reported').map(({ state }) => state)).toEqual([
    ...['failed', 'done', 'done']
  ])
})

test('a promotion that did not go well is tried again by the same rules, whatever they say by then', async () => {
  await using scene = new Scene(1)
  const { hub, id } = await staged(scene, { checks: ['tests'] })
  await using _ = hub
  const { deploys } = hub.parts
  await deploys.report(id, check('tests', true))
  await scene.stopAgents()
  scene.startAgents(hub, { isHealthy: () => false })
  const sick = await ended(
    hub,
    (await deploys.promote(id, { environment: 'production', reason: 'r', by: BY })).id
  )
  expect(sick).toMatchObject({ state: 'rolled-back' })
  await scene.stopAgents()
  scene.startAgents(hub)
  await deploys.report(id, check('tests', false))
  await expect(deploys.retry(sick.id, BY)).rejects.toMatchObject({ code: 'DRIFTLOG_CHECKS' })
  await deploys.report(id, check('tests', true))
  const again = await ended(hub, (await deploys.retry(sick.id, BY)).id)
  expect(again).toMatchObject({ state: 'succeeded', promotedFrom: id, reason: 'r' })
  expect(again.image).toEqual(sick.image)
})

test.each<[string, object, RegExp]>([
  ['from elsewhere', { environment: 'other' }, /takes only what ran in staging/],
  ['what did not go well', { image: '9' }, /rolled-back, and not succeeded/],
  ['without instances', { replicas: 0 }, /no image/]
])('refused: %s', async (_name, { replicas, ...more }: { replicas?: number }, reason) => {
  await using scene = new Scene(1)
  const { hub } = await staged(scene, {})
  await using _ = hub
  const { deploys, definitions } = hub.parts
  if (replicas !== undefined) {
    const environments = { staging: {}, production: { rollout: { from: 'staging' } } }
    await definitions.put('orders', definition({ replicas, environments }), BY)
  }
  const { id } = await ended(hub, (await deploys.begin({ ...asked, image: '1', ...more })).id)
  await expect(deploys.promote(id, { environment: 'production', by: BY })).rejects.toMatchObject({
    code: 'DRIFTLOG_PROMOTE_FROM',
    message: expect.stringMatching(reason)
  })
})

test('where it is asked for, somebody else says yes, and that is kept', async () => {
  await using scene = new Scene(1)
  const { hub, id } = await staged(scene, { approval: true })
  await using _ = hub
  const { deploys } = hub.parts
  const waiting = await deploys.promote(id, { environment: 'production', by: ANN })
  expect(waiting.state).toBe('waiting')
  expect(scene.running('orders', 'production')).toEqual({})
  // The same token, be it by the page.
  await expect(deploys.approve(waiting.id, { ...ANN, kind: 'person' })).rejects.toMatchObject({
    code: 'DRIFTLOG_OWN_APPROVAL'
  })
  await deploys.approve(waiting.id, BOB)
  expect(await ended(hub, waiting.id)).toMatchObject({ state: 'succeeded', approvedBy: BOB })
  await expect(deploys.approve(waiting.id, BOB)).rejects.toMatchObject({ code: 'DRIFTLOG_DEPLOY_STATE' })
})

test('one that waits holds nobody up, and is approved only when nothing else is under way', async () => {
  await using scene = new Scene(1)
  const { hub, id } = await staged(scene, { approval: true, breakpoint: 'first' })
  await using _ = hub
  const { deploys, definitions } = hub.parts
  const rollout = { from: 'staging', approval: true, breakpoint: 'each' as const }
  await definitions.put(
    'orders',
    definition({ replicas: 2, environments: { staging: {}, production: { rollout } } }),
    BY
  )
  const again = await ended(hub, (await deploys.begin({ ...asked, image: '2' })).id)
  const [first, second, third] = [id, again.id, again.id].map((from) =>
    deploys.promote(from, { environment: 'production', by: ANN })
  )
  await deploys.approve((await first)?.id ?? '', BOB)
  await ended(hub, (await first)?.id ?? '')
  const going = (await second)?.id ?? ''
  await deploys.approve(going, BOB)
  await ended(hub, going, ['paused'])
  const late = (await third)?.id ?? ''
  await expect(deploys.approve(late, BOB)).rejects.toMatchObject({ code: 'DRIFTLOG_DEPLOYING' })
  expect(await deploys.stop(late, BOB)).toMatchObject({ state: 'cancelled' })
})

test.each([1, 2])(
  'whatever is asked for in whatever order, production runs what staging ran, seed %i',
  { timeout: 60_000 },
  async (seed) => {
    await using scene = new Scene(2)
    const { hub } = await staged(scene, {})
    await using _ = hub
    const { deploys } = hub.parts
    const random = randomFrom(seed * 7919)
    for (let round = 0; round < 25; round++) {
      const staging = (await deploys.list({ ...asked, limit: 50 })).filter(
        ({ state }) => state === 'succeeded'
      )
      const production = await deploys.list({ app: 'orders', environment: 'production', limit: 50 })
      const source = staging[random(staging.length)]
      const choice = random(5)
      // Tags move all the time.
      scene.registry.set(`shop/orders:${1 + random(2)}`, digest(String(1 + random(4))))
      const begun =
        choice === 0
          ? deploys.begin({ ...asked, image: String(1 + random(2)) })
          : choice === 1 && production[0]
            ? deploys.rollBack(production[0].id, BY)
            : deploys.promote(source?.id ?? '', { environment: 'production', by: BY })
      const deploy = await begun.catch((error) => {
        expect(error.code).toMatch(/^DRIFTLOG_(NOTHING_BEFORE|DEPLOY_STATE|PROMOTE_FROM)$/)
      })
      if (!deploy) continue
      const end = await ended(hub, deploy.id)
      if (end.promotedFrom === undefined || end.state !== 'succeeded') continue
      const from = await deploys.get(end.promotedFrom)
      expect(end.image?.digest).toBe(from.image?.digest)
      expect(scene.running('orders', 'production')).toEqual({ 1: [from.image?.digest] })
    }
  }
)
