/**
 * Deploys of one app of the played fleet. Only what is asked for stands here: the hub plans and rolls them as any
 * others, and the agents carry them out on engines that are played.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AppDefinition } from '../deploys/definition.ts'
import type { Deploy, DeployAsked } from '../deploys/deploy.ts'
import type { DeployParts } from '../deploys/open.ts'
import { RELEASED } from './apps.ts'

const LOOK_MS = 250
/** Hosts come to take orders one after the other; one deploy makes room for the next a moment behind its end. */
const PASSING = new Set(['DRIFTLOG_NO_HOST', 'DRIFTLOG_DEPLOYING'])
const by = { kind: 'person', name: 'demo' } as const

const DEFINITION: AppDefinition = {
  image: RELEASED.image,
  health: { log: 'is waiting for work', everySeconds: 1, withinSeconds: 8 },
  environments: { staging: {}, production: { rollout: { from: 'staging', approval: true } } }
}

/** One that goes well and takes the app over, one that never comes up, and one that waits for somebody's yes. */
export async function playReleases(
  { definitions, deploys }: Pick<DeployParts, 'definitions' | 'deploys'>,
  signal: AbortSignal
): Promise<void> {
  const { app, good, bad } = RELEASED
  await definitions.put(app, DEFINITION, by)
  const asked = { app, environment: 'staging', by }
  const first = await begun({ ...asked, image: good, reason: 'queues are emptied in parallel' })
  await ended(first)
  await ended(await begun({ ...asked, image: bad, reason: 'mails have a new look' }))
  const reason = 'it went well in staging'
  await deploys.promote(first.id, { environment: 'production', reason, by })

  async function begun(asked: DeployAsked): Promise<Deploy> {
    for (;;) {
      try {
        return await deploys.begin(asked)
      } catch (error) {
        if (!PASSING.has((error as { code?: string }).code ?? '')) throw error
      }
      await sleep(LOOK_MS, undefined, { signal })
    }
  }

  async function ended({ id }: Deploy): Promise<void> {
    while ((await deploys.get(id)).endedMs === undefined) await sleep(LOOK_MS, undefined, { signal })
  }
}
