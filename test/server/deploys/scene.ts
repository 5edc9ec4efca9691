/** A hub that deploys, hosts with played agents, and what runs on them in the end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { expect } from 'vitest'
import type { InstanceFacts } from '../../../agent/protocol.ts'
import { openAccess } from '../../../collector/access.ts'
import { type FleetHost, openFleet } from '../../../collector/fleet/fleet.ts'
import { MemoryStateStore } from '../../../collector/store/memory-state.ts'
import type { StateStore } from '../../../collector/store/state.ts'
import { readConfig } from '../../../server/config.ts'
import type { AppDefinition } from '../../../server/deploys/definition.ts'
import type { Deploy } from '../../../server/deploys/deploy.ts'
import { type DeployParts, openDeploys } from '../../../server/deploys/open.ts'
import { facts } from '../../collector/hub.ts'
import { type Face, openFace } from '../face.ts'
import { Machine, type Play, PlayedAgent, type Registry } from './agent.ts'

export const BY = { kind: 'person', name: 'ann' } as const
/** 64 hexadecimal digits of one kind. */
export const digest = (digit: string) => `sha256:${digit.repeat(64)}`

export interface HubOptions {
  state?: StateStore
  env?: Record<string, string>
  freeAfterMs?: number
}

export interface TestHub extends AsyncDisposable {
  /** The host was not heard of for longer than anybody counts on it. */
  forget(host: string): void
  /** What its agent says of a container. */
  tell(host: string, container: string, more: Partial<InstanceFacts>): void
  /** As by kill -9: nobody waits for anything. */
  kill(): void
  url: string
  face: Face
  parts: DeployParts
  state: StateStore
}

/** One hub; several may share a state. */
export async function startHub(scene: Scene, options: HubOptions = {}): Promise<TestHub> {
  const state = options.state ?? new MemoryStateStore()
  const log = pino({ level: process.env['TEST_LOG'] ?? 'silent' })
  const access = await openAccess(state)
  const fleet = await openFleet(state)
  const { deploy: settings } = readConfig({ DRIFTLOG_DATA_DIR: '/nowhere', ...options.env })
  const { freeAfterMs } = options
  const seen = (host: FleetHost): FleetHost => {
    const { isHeard, seenMs } = scene.host(host.host)
    if (isHeard) return host
    return seenMs === undefined ? host : { ...host, seenMs, live: false }
  }
  const parts = await openDeploys({
    ...{ state, access, settings, log, nowMs: Date.now },
    fleet: {
      hosts: () => fleet.hosts().map(seen),
      host: (id) => {
        const host = fleet.host(id)
        return host && seen(host)
      },
      instances: (asked) => fleet.instances(asked),
      instance: (host, container) => fleet.instance(host, container)
    },
    ...(freeAfterMs === undefined ? {} : { freeAfterMs })
  })
  for (const host of scene.hosts) {
    fleet.hello(host.id, {
      agentVersion: '0.1.0',
      clockOffsetMs: 0,
      facts: {
        name: host.id,
        address: `192.0.2.${scene.hosts.indexOf(host) + 1}`,
        labels: host.labels,
        takesOrders: true
      }
    })
    if (host.key === '') host.key = await access.issueHostKey(host.id)
  }
  await fleet.saved()
  const face = await openFace({ parts: { access, deploys: parts } })
  const stopping = new AbortController()
  const beat = setInterval(() => {
    for (const host of scene.hosts) if (host.isHeard) fleet.heard(host.id)
  }, 1000)
  const running = parts.run(stopping.signal)
  const { shared } = state
  const listening = shared && listen(shared.changes(stopping.signal))
  async function listen(changes: AsyncIterable<Parameters<DeployParts['apply']>[0]>) {
    for await (const entries of changes) {
      for (const keeper of [access, fleet, parts]) keeper.apply(entries)
    }
  }
  return {
    ...{ url: face.url, face, parts, state },
    forget(host) {
      scene.host(host).isHeard = false
      scene.host(host).seenMs = Date.now() - 3_600_000
    },
    tell(host, container, more) {
      const instance = facts(container, { app: 'orders', environment: 'staging', ...more })
      fleet.tell(host, [{ kind: 'seen', atMs: Date.now(), instance }])
    },
    kill() {
      clearInterval(beat)
      stopping.abort()
      face.app.server.closeAllConnections()
      face.app.server.close()
    },
    async [Symbol.asyncDispose]() {
      clearInterval(beat)
      await face[Symbol.asyncDispose]()
      stopping.abort()
      await Promise.all([running, listening])
      await fleet[Symbol.asyncDispose]()
    }
  }
}

export interface TestHost {
  id: string
  key: string
  labels: Record<string, string>
  machine: Machine
  /** Its log delivery goes on. */
  isHeard: boolean
  /** When it was heard last, where that is for the test to say. */
  seenMs?: number
  agent?: PlayedAgent
}

export class Scene implements AsyncDisposable {
  readonly hosts: TestHost[]
  readonly registry: Registry = new Map([
    ['shop/orders:1', digest('1')],
    ['shop/orders:2', digest('2')]
  ])

  constructor(count = 3, labelsOf: (i: number) => Record<string, string> = () => ({})) {
    this.hosts = Array.from({ length: count }, (_, i) => {
      const machine = new Machine()
      return { id: `web-${i + 1}`, key: '', labels: labelsOf(i), machine, isHeard: true }
    })
  }

  host(id: string): TestHost {
    const host = this.hosts.find((one) => one.id === id)
    if (!host) throw new Error(`no host ${id}`)
    return host
  }

  /** Agents on all hosts, or on this one. */
  startAgents(
    hub: Pick<TestHub, 'url'>,
    play: Partial<Play> = {},
    ids = this.hosts.map(({ id }) => id)
  ): void {
    for (const id of ids) {
      const host = this.host(id)
      const { machine, key } = host
      host.agent = new PlayedAgent({
        url: hub.url,
        host: id,
        key,
        machine,
        registry: this.registry,
        ...play
      }).start()
    }
  }

  /** The hub is another one, under another address. */
  redirect({ url }: Pick<TestHub, 'url'>): void {
    for (const { agent } of this.hosts) if (agent) agent.play.url = url
  }

  async stopAgents(ids = this.hosts.map(({ id }) => id)): Promise<void> {
    for (const id of ids) {
      await this.host(id).agent?.kill()
      delete this.host(id).agent
    }
  }

  /** By slot: digests of what runs, on whichever host. */
  running(app = 'orders', environment = 'staging'): Record<number, string[]> {
    const found: Record<number, string[]> = {}
    for (const { machine } of this.hosts)
      for (const { spec } of machine.running(app, environment))
        found[spec.slot] = [...(found[spec.slot] ?? []), spec.image.digest ?? spec.image.reference]
    return found
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAgents()
  }
}

export function definition(more: Partial<AppDefinition> = {}): AppDefinition {
  return { image: 'shop/orders', replicas: 3, environments: { staging: {}, production: {} }, ...more }
}

/** A hub whose agents are there, and version 1 of `orders` runs in staging; with `rollout` for what comes then. */
export async function begun(
  scene: Scene,
  { rollout, ...more }: Partial<AppDefinition> = {},
  env = {}
): Promise<TestHub> {
  const hub = await startHub(scene, { env })
  scene.startAgents(hub)
  await hub.parts.definitions.put('orders', definition(more), BY)
  const first = await hub.parts.deploys.begin({
    ...{ app: 'orders', environment: 'staging', by: BY },
    image: '1'
  })
  expect(await ended(hub, first.id)).toMatchObject({ state: 'succeeded' })
  if (rollout) await hub.parts.definitions.put('orders', definition({ ...more, rollout }), BY)
  return hub
}

/** Agents that go on as they play, on the machines that there are. */
export async function restart(scene: Scene, hub: TestHub, play: Partial<Play>): Promise<void> {
  await scene.stopAgents()
  scene.startAgents(hub, play)
}

/** Waits for the deploy's end, or another state. */
export async function ended(
  { parts }: Pick<TestHub, 'parts'>,
  id: string,
  states: Deploy['state'][] = ['succeeded', 'rolled-back', 'failed', 'cancelled']
): Promise<Deploy> {
  for (;;) {
    const deploy = await parts.deploys.get(id)
    if (states.includes(deploy.state)) return deploy
    await sleep(10)
  }
}

/** Waits until nothing is left to be done for any deploy. */
export async function settled({ state }: Pick<TestHub, 'state'>): Promise<void> {
  for (;;) {
    const deploys = await state.list<{ work?: unknown }>('deploy/')
    const claims = await state.list('deploying/')
    if (claims.length === 0 && deploys.every(({ value }) => value.work === undefined)) return
    await sleep(5)
  }
}
