/** Hubs that share a state, whichever: any request may reach any of them, and whoever dies is followed by another. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { StateStore } from '../../../collector/store/state.ts'
import type { DeployStep } from '../../../server/deploys/deploy.ts'
import { DeployFollower } from '../../../server/deploys/feed.ts'
import { BY, definition, digest, ended, Scene, startHub, type TestHub } from './scene.ts'

const asked = { app: 'orders', environment: 'staging', by: BY }
const all = (digit: string) => ({ 1: [digest(digit)], 2: [digest(digit)], 3: [digest(digit)] })

/** `begin` gives an empty state's openers; a hub that was not seen for `freeAfterMs` milliseconds is followed by another. */
export function deployingHubsContract(
  name: string,
  begin: () => Promise<() => Promise<StateStore>>,
  freeAfterMs: number
): void {
  describe(name, () => {
    test('agents at another hub than the one that deploys, and steps that are told at both', async () => {
      const open = await begin()
      await using stateOfA = await open()
      await using stateOfB = await open()
      await using scene = new Scene()
      await using a = await startHub(scene, { state: stateOfA })
      await using b = await startHub(scene, { state: stateOfB })
      scene.startAgents(b, {}, ['web-1', 'web-2'])
      scene.startAgents(a, {}, ['web-3'])
      await a.parts.definitions.put('orders', definition(), BY)
      const { id } = await b.parts.deploys.begin({ ...asked, image: '1' })
      const seen = await Promise.all([a, b].map((hub) => followed(hub, id)))
      expect(scene.running()).toEqual(all('1'))
      for (const { state, steps } of seen) {
        expect(state).toBe('succeeded')
        expect(steps.map(({ seq }) => seq)).toEqual(steps.map((_, index) => index + 1))
        expect(steps.filter(({ step, state }) => step === 'switch' && state === 'done')).toHaveLength(3)
      }
      await expect(a.parts.deploys.begin({ ...asked, image: '2' }, 'k')).resolves.toMatchObject({
        state: 'running'
      })
      await expect(b.parts.deploys.begin({ ...asked, image: '2' })).rejects.toMatchObject({
        code: 'DRIFTLOG_DEPLOYING'
      })
    })

    test('a hub that dies on duty is followed by another, which goes on', async () => {
      const open = await begin()
      await using stateOfA = await open()
      await using stateOfB = await open()
      await using scene = new Scene()
      const a = await startHub(scene, { state: stateOfA, freeAfterMs })
      while ((await stateOfA.list('lease/')).length === 0) await sleep(10)
      await using b = await startHub(scene, { state: stateOfB, freeAfterMs })
      await b.parts.definitions.put('orders', definition(), BY)
      let switched = 0
      scene.startAgents(b, {
        fault: (_, step) => {
          if (step === 'switch' && ++switched === 2) a.kill()
          return undefined
        }
      })
      const first = await b.parts.deploys.begin({ ...asked, image: '1' })
      expect(await ended(b, first.id)).toMatchObject({ state: 'succeeded' })
      expect(scene.running()).toEqual(all('1'))
      expect((await b.state.get<{ term: number }>(`deploy/${first.id}`))?.term).toBe(2)
    })

    test('a hub that was overtaken writes nothing more', async () => {
      const open = await begin()
      await using state = await open()
      await using other = await open()
      await using scene = new Scene()
      await using hub = await startHub(scene, { state, freeAfterMs })
      scene.startAgents(hub)
      await hub.parts.definitions.put('orders', definition({ rollout: { breakpoint: 'first' } }), BY)
      const { id } = await hub.parts.deploys.begin({ ...asked, image: '1' })
      await ended(hub, id, ['paused'])
      // Another hub has it, with a higher term.
      await other.update<{ term: number }>(`deploy/${id}`, (old) => old && { ...old, term: 99 })
      await hub.parts.deploys.resume(id, BY)
      const before = JSON.stringify(await state.get(`deploy/${id}`))
      await sleep(300)
      expect(JSON.stringify(await state.get(`deploy/${id}`))).toBe(before)
      expect(scene.running()).toEqual({ 1: [digest('1')] })
    })
  })
}

/** As a client of this hub sees it, from its first step to its end. */
async function followed({ parts }: TestHub, id: string): Promise<{ state: string; steps: DeployStep[] }> {
  const steps: DeployStep[] = []
  const stream = {
    send: (kind: string, step: unknown) => void (kind === 'step' && steps.push(step as DeployStep)),
    drained: async () => undefined
  }
  const state = await new DeployFollower(parts.deploys, stream, id, 0).run(AbortSignal.timeout(60_000))
  return { state, steps }
}
