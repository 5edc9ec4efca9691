/** The hub is killed behind its writes, and another one goes on with what stands in the state. */
import { expect, test } from 'vitest'
import type { InstanceSpec } from '../../agent/protocol-orders.ts'
import { MemoryShare, MemoryStateStore } from '../../collector/store/memory-state.ts'
import type { AppDefinition } from '../../server/deploys/definition.ts'
import { MortalState } from '../server/deploys/mortal.ts'
import { BY, definition, digest, ended, Scene, settled, startHub } from '../server/deploys/scene.ts'

const asked = { app: 'orders', environment: 'staging', by: BY, image: '2' }
/** Every so manieth write; STRIDE=1 takes each of them, in minutes. test/system/deploys.test.ts does it to processes. */
const STRIDE = Number(process.env['STRIDE'] ?? 8)
const LONG = { timeout: 960_000 / STRIDE }
const OLD = { 1: [digest('1')], 2: [digest('1')], 3: [digest('1')] }
const NEW = { 1: [digest('2')], 2: [digest('2')], 3: [digest('2')] }
const isGoodOld = ({ slot, image }: InstanceSpec) => slot !== 3 || image.digest === digest('1')
/** Slot 1 moves away from the first host, slot 3 goes. */
const narrower = definition({ replicas: 2, placement: { labels: { zone: 'b' } } })
const MOVED = { 1: [digest('2')], 2: [digest('2')] }
const isGoodMove = ({ slot, image }: InstanceSpec) => slot !== 2 || image.digest === digest('1')

interface Play {
  name: string
  next?: AppDefinition
  isHealthy?: (spec: InstanceSpec) => boolean
  /** How the deploy ends, and what runs then. */
  end: 'succeeded' | 'rolled-back'
  runs: object
}

const PLAYS: Play[] = [
  { name: 'a good version', end: 'succeeded', runs: NEW },
  { name: 'one that is not healthy on the last host', isHealthy: isGoodOld, end: 'rolled-back', runs: OLD },
  { name: 'a move, and a slot that goes', next: narrower, end: 'succeeded', runs: MOVED },
  { name: 'a move that goes back', next: narrower, isHealthy: isGoodMove, end: 'rolled-back', runs: OLD }
]

test.each(PLAYS)('$name: the hub is killed behind a write, and it ends all the same', LONG, async (play) => {
  for (let n = 1; ; n += STRIDE) {
    const { killed, deploy, runs } = await run(n, play)
    expect([n, deploy.state, runs]).toEqual([n, play.end, play.runs])
    if (!killed) return expect(n).toBeGreaterThan(STRIDE)
  }
})

/** The second deploy of an app, whose hub dies behind the n-th write. */
async function run(n: number, { next = definition(), isHealthy }: Play) {
  const share = new MemoryShare()
  await using scene = new Scene(3, (i) => ({ zone: i === 0 ? 'a' : 'b' }))
  const state = new MortalState(new MemoryStateStore(share))
  const first = await startHub(scene, { state })
  scene.startAgents(first, isHealthy ? { isHealthy } : {})
  await first.parts.definitions.put('orders', definition(), BY)
  await ended(first, (await first.parts.deploys.begin({ ...asked, image: '1' })).id)
  await settled(first)
  await first.parts.definitions.put('orders', next, BY)

  const death = new Promise<'killed'>((resolve) => {
    state.onDeath = () => resolve('killed')
  })
  state.dieAfter(n)
  const key = 'who got no answer asks again with the same key'
  const going = async () => {
    await ended(first, (await first.parts.deploys.begin(asked, key)).id)
    await settled(first)
  }
  const killed = (await Promise.race([death, going()])) === 'killed'
  first.kill()
  await using second = await startHub(scene, { state: new MortalState(new MemoryStateStore(share)) })
  scene.redirect(second)
  const { id } = await second.parts.deploys.begin(asked, key)
  const deploy = await ended(second, id)
  await settled(second)
  const ports = await second.state.list<{ leases: unknown[] }>('port/')
  const leases = ports.flatMap(({ value }) => value.leases)
  expect([n, leases.length]).toEqual([n, Object.keys(scene.running()).length])
  const steps = await second.parts.deploys.steps(id)
  expect(steps.map(({ seq }) => seq)).toEqual(steps.map((_, i) => i + 1))
  expect(steps.filter(({ step }) => step === 'end')).toHaveLength(1)
  expect(await second.parts.deploys.list({ limit: 10 })).toHaveLength(2)
  return { killed, deploy, runs: scene.running() }
}
