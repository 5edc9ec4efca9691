/**
 * The hub of deploys is killed behind its writes, with kill -9, on its state on disk; another one goes on. Each run takes
 * others of them, at random.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { InstanceSpec } from '../../agent/protocol-orders.ts'
import type { Deploy } from '../../server/deploys/deploy.ts'
import { definition, digest, Scene } from '../server/deploys/scene.ts'
import type { Told } from './deploys-process.ts'

const PROGRAM = fileURLToPath(new URL('deploys-process.ts', import.meta.url))
/** A process takes seconds to load: so many writes lie between two that are tried, on average. */
const STRIDE = 14
const ENDS = ['succeeded', 'rolled-back', 'failed', 'cancelled']
const all = (version: string) => ({ 1: [digest(version)], 2: [digest(version)], 3: [digest(version)] })

class HubProcess {
  readonly #child: ChildProcess
  readonly #loaded: Promise<unknown>
  url = ''

  constructor() {
    this.#child = spawn(process.execPath, ['--import', 'tsx', PROGRAM], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc']
    })
    this.#loaded = once(this.#child, 'message')
  }

  async start(folder: string, keys: string[]): Promise<string[]> {
    await this.#loaded
    const started = once(this.#child, 'message')
    this.#tell({ kind: 'start', folder, keys, definition: definition() })
    const [{ url, keys: made }] = (await started) as [{ url: string; keys: string[] }]
    this.url = url
    return made
  }

  dieBehind(writes: number): void {
    this.#tell({ kind: 'die', behind: writes })
  }

  get isDead(): boolean {
    return this.#child.signalCode !== null || this.#child.exitCode !== null
  }

  async kill(): Promise<void> {
    if (this.isDead) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }

  #tell(told: Told): void {
    this.#child.send(told)
  }
}

test.each([
  ['a good version', 'succeeded', undefined],
  [
    'one that is not healthy on the last host',
    'rolled-back',
    ({ slot, image }: InstanceSpec) => slot !== 3 || image.digest === digest('1')
  ]
] as const)(
  '%s: killed behind writes, it ends as %s, and all slots are as the record says',
  { timeout: 900_000 },
  async (_, end, isHealthy) => {
    const folder = await mkdtemp(join(tmpdir(), 'driftlog-deploys-'))
    await using scene = new Scene()
    let hub = new HubProcess()
    let next = new HubProcess()
    try {
      const keys = await hub.start(folder, ['', '', ''])
      for (const [i, host] of scene.hosts.entries()) host.key = keys[i] ?? ''
      scene.startAgents(hub, isHealthy ? { isHealthy } : {})
      await ended(hub, await begin(hub, '1', 'first'))
      let [old, other] = ['1', '2']
      for (let n = 1; ; n += 1 + Math.floor(Math.random() * (2 * STRIDE - 1))) {
        await settled(hub)
        hub.dieBehind(n)
        const id = await begin(hub, other, `key ${n}`).catch(() => undefined)
        if (id !== undefined) await ended(hub, id).catch(() => undefined)
        // What is left to be done behind the end.
        for (let i = 0; i < 40 && !hub.isDead; i++) await sleep(10)
        const isKilled = hub.isDead
        await hub.kill()
        hub = next
        next = new HubProcess()
        await hub.start(folder, keys)
        scene.redirect(hub)
        const deploy = await ended(hub, await begin(hub, other, `key ${n}`))
        expect([n, deploy.state, scene.running()]).toEqual([n, end, all(end === 'succeeded' ? other : old)])
        if (end === 'succeeded') [old, other] = [other, old]
        if (!isKilled) return expect(n).toBeGreaterThan(100)
      }
    } finally {
      await hub.kill()
      await next.kill()
      await rm(folder, { recursive: true, force: true })
    }
  }
)

async function begin({ url }: HubProcess, image: string, key: string): Promise<string> {
  const answer = await fetch(`${url}/api/deploys`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ app: 'orders', environment: 'staging', image })
  })
  const { deploy, ...more } = (await answer.json()) as { deploy?: Deploy }
  if (!deploy) throw new Error(JSON.stringify(more))
  return deploy.id
}

async function ended({ url }: HubProcess, id: string): Promise<Deploy> {
  for (;;) {
    const answer = await fetch(`${url}/api/deploys/${id}`)
    const { deploy } = (await answer.json()) as { deploy: Deploy }
    if (ENDS.includes(deploy.state)) return deploy
    await sleep(10)
  }
}

/** Nothing is left to be done for any deploy. */
async function settled({ url }: HubProcess): Promise<void> {
  for (;;) {
    const text = await (await fetch(`${url}/metrics`)).text()
    if (text.includes('driftlog_deploys_unfinished 0\n')) return
    await sleep(10)
  }
}
