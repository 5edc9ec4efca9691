/** What the page asks about deploys; types are those of the hub's schemas. */
import type { Deploy } from '../../server/deploys/deploy.ts'
import type { DeployAnswer, DeployWithSteps } from '../../server/deploys/deploy-api.ts'
import type { Client } from '../api/client.ts'

/** Without a body: the deploy itself is named in the address. */
export type Action = 'approve' | 'stop' | 'resume' | 'retry' | 'rollback'

export function oneDeploy(client: Client, id: string, signal?: AbortSignal): Promise<DeployWithSteps> {
  return client.json<DeployWithSteps>(pathOf(id), {}, signal)
}

/** The deploy as it stands then; where it was tried again, or taken back after its end, another one. */
export async function act(client: Client, id: string, action: Action): Promise<Deploy> {
  return (await client.change<DeployAnswer>('POST', `${pathOf(id)}/${action}`)).deploy
}

/** The new deploy. */
export async function promote(
  client: Client,
  id: string,
  asked: { environment: string; reason?: string }
): Promise<Deploy> {
  return (await client.change<DeployAnswer>('POST', `${pathOf(id)}/promote`, asked)).deploy
}

export function pathOf(id: string): string {
  return `/api/deploys/${encodeURIComponent(id)}`
}
