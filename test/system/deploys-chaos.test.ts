/** Anything at any time: agents and hubs that die, versions that are not well, strangers on ports, people who change their minds. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Order, Step } from '../../agent/protocol-orders.ts'
import { MemoryShare, MemoryStateStore } from '../../collector/store/memory-state.ts'
import type { Running } from '../../server/deploys/kept.ts'
import { randomFrom } from '../collector/parse/lines.ts'
import type { Play } from '../server/deploys/agent.ts'
import { MortalState } from '../server/deploys/mortal.ts'
import {
  BY,
  definition,
  digest,
  ended,
  Scene,
  settled,
  startHub,
  type TestHub
} from '../server/deploys/scene.ts'

const asked = { app: 'orders', environment: 'staging', by: BY }
const ROUNDS = 12
const ENDS = ['succeeded', 'rolled-back', 'failed', 'cancelled']

test.each([1, 2, 3, 4])(
  'whatever happens, what runs is what the record says, seed %i',
  { timeout: 180_000 },
  async (seed) => {
    const random = randomFrom(seed * 65_537)
    const share = new MemoryShare()
    await using scene = new Scene(3, (i) => ({ zone: i === 0 ? 'a' : 'b' }))
    const open = () => {
      const state = new MortalState(new MemoryStateStore(share))
      return startHub(scene, { state }).then((hub) => ({ hub, state }))
    }
    let { hub, state } = await open()
    let isWell = () => true
    let faults = 0
    const play: Partial<Play> = {
      isHealthy: () => isWell(),
      fault: (_: Order, __: Step) => (faults > 0 && random(12) === 0 && faults-- > 0 ? 'die' : undefined)
    }
    scene.startAgents(hub, play)
    // Agents that died are started again, as by systemd.
    const reviving = setInterval(() => {
      for (const { id, agent } of scene.hosts) if (agent?.isDead) scene.startAgents(hub, play, [id])
    }, 15)
    const seen = new Map<string, number>()
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const replicas = random(5)
        const placement = random(3) === 0 ? { labels: { zone: 'b' } } : {}
        const rollout = {
          maxUnavailable: 1 + random(3),
          ...(random(4) === 0 ? { breakpoint: 'first' as const } : {})
        }
        await hub.parts.definitions.put('orders', definition({ replicas, placement, rollout }), BY)
        const before = scene.running()
        const sick = random(4)
        let checks = 0
        isWell = () => ++checks % 4 !== sick
        faults = random(3)
        if (random(3) === 0) scene.hosts[random(3)]?.machine.strangers.add(20_000 + random(30))
        const isMortal = random(2) === 0
        const key = `${seed} ${round}`
        const image = String(1 + random(2))
        const death = new Promise<'killed'>((resolve) => {
          state.onDeath = () => resolve('killed')
        })
        if (isMortal) state.dieAfter(1 + random(80))
        const current = hub
        const going = current.parts.deploys
          .begin({ ...asked, image }, key)
          .then(({ id }) => meddle(current, id, random))
        if ((await Promise.race([death, going])) === 'killed') {
          current.kill()
          ;({ hub, state } = await open())
          scene.redirect(hub)
        } else state.dieAfter(Number.POSITIVE_INFINITY)
        const { id } = await hub.parts.deploys.begin({ ...asked, image }, key)
        await meddle(hub, id, random)
        const deploy = await ended(hub, id)
        await settled(hub)
        seen.set(deploy.state, (seen.get(deploy.state) ?? 0) + 1)

        const running = scene.running()
        const place = { seed, round, id, state: deploy.state, why: deploy.why }
        for (const found of Object.values(running))
          expect({ ...place, found }).toMatchObject({ found: [found[0]] })
        if (deploy.state === 'succeeded') {
          const now = deploy.image?.digest ?? digest(image)
          const slots = Array.from({ length: replicas }, (_, i) => [i + 1, [now]])
          expect({ ...place, running }).toEqual({ ...place, running: Object.fromEntries(slots) })
        } else expect({ ...place, running }).toEqual({ ...place, running: before })
        // What is written down of what runs is what runs, on its hosts and its ports.
        const kept = await hub.state.get<Running>('running/staging/orders')
        const written = (kept?.slots ?? []).map(({ slot, host, port }) => `${slot} ${host} ${port}`).sort()
        const real = scene.hosts.flatMap(({ id: host, machine }) =>
          machine.running('orders', 'staging').map(({ spec }) => `${spec.slot} ${host} ${spec.port}`)
        )
        expect({ ...place, written }).toEqual({ ...place, written: real.sort() })
        const ports = await hub.state.list<{ leases: { port: number }[] }>('port/')
        const leased = ports.flatMap(({ key: host, value }) =>
          value.leases.map(({ port }) => `${host.slice(5)} ${port}`)
        )
        expect({ ...place, leased: leased.sort() }).toEqual({
          ...place,
          leased: real.map((one) => one.slice(one.indexOf(' ') + 1)).sort()
        })
      }
      expect(seen.get('succeeded') ?? 0).toBeGreaterThan(1)
    } finally {
      clearInterval(reviving)
      hub.kill()
    }
  }
)

test.each([1, 2, 3])(
  'hosts that go away at any time and come back: in the end it is old or new, seed %i',
  { timeout: 180_000 },
  async (seed) => {
    const random = randomFrom(seed * 7919)
    await using scene = new Scene(3)
    await using hub = await startHub(scene, { env: { DRIFTLOG_DEPLOY_TIMEOUT_SECONDS: '1' } })
    let lost = 0
    const fault = () => (lost > 0 && lost-- === 1 ? 'die' : undefined)
    scene.startAgents(hub, { fault })
    const health = { tcp: true, everySeconds: 0.1, timeoutSeconds: 0.1, withinSeconds: 0.5 } as const
    for (let round = 0; round < 5; round++) {
      const replicas = 1 + random(4)
      const rollout = { maxUnavailable: 1 + random(3) }
      await hub.parts.definitions.put(
        'orders',
        definition({ replicas, health, rollout, stopGraceSeconds: 0 }),
        BY
      )
      const before = scene.running()
      if (random(3) === 0) await lose(hub, scene, scene.hosts[random(3)]?.id ?? '')
      lost = random(2) * (1 + random(25))
      const { id } = await hub.parts.deploys.begin({ ...asked, image: String(1 + random(2)) })
      for (let state = ''; !ENDS.includes(state); state = (await hub.parts.deploys.get(id)).state) {
        for (const { id: host, agent } of scene.hosts) if (agent?.isDead) await lose(hub, scene, host)
        await sleep(10)
      }
      lost = 0
      for (const host of scene.hosts) {
        if (host.isHeard) continue
        host.isHeard = true
        scene.startAgents(hub, { fault }, [host.id])
      }
      await settled(hub)
      while (hub.parts.book.size > 0) await sleep(5)
      const deploy = await hub.parts.deploys.get(id)
      const place = { seed, round, id, state: deploy.state, why: deploy.why }
      const digests = deploy.state === 'succeeded' ? deploy.image?.digest : undefined
      const expected = digests
        ? Object.fromEntries(Array.from({ length: replicas }, (_, i) => [i + 1, [digests]]))
        : before
      expect({ ...place, running: scene.running() }).toEqual({ ...place, running: expected })
      expect(place.state).not.toBe('failed')
    }
  }
)

/** Its agent is gone, and nobody has heard of it for long. */
async function lose(hub: TestHub, scene: Scene, id: string): Promise<void> {
  await scene.stopAgents([id])
  hub.forget(id)
}

/** Lets it go on behind breakpoints, and now and then stops it or takes it back. */
async function meddle(
  { parts: { deploys } }: TestHub,
  id: string,
  random: (below: number) => number
): Promise<void> {
  const mind = random(6)
  for (let look = 0; ; look++) {
    const { state } = await deploys.get(id)
    if (ENDS.includes(state)) return
    const act =
      state === 'paused'
        ? mind === 0
          ? deploys.rollBack(id, BY)
          : deploys.resume(id, BY)
        : look === mind * 2 && mind < 2
          ? deploys.stop(id, BY)
          : undefined
    // It may have come on meanwhile.
    await act?.catch((error) => expect(error.code).toBe('DRIFTLOG_DEPLOY_STATE'))
    await sleep(10)
  }
}
