/** What the page asks to begin a deploy. */
import type { Static } from 'typebox'
import type { AppAnswer, DefinitionsAnswer } from '../../server/deploys/apps-api.ts'
import type { Deploy, SlotState } from '../../server/deploys/deploy.ts'
import type { DeployBody as Body, DeployAnswer, PlanAnswer } from '../../server/deploys/deploy-api.ts'
import type { Client } from '../api/client.ts'
import { appPath } from './definition-ask.ts'

export type DeployBody = Static<typeof Body>

/** Names of the apps that have a definition, and so can be deployed. */
export async function definedApps(client: Client, signal: AbortSignal): Promise<string[]> {
  const { definitions } = await client.json<DefinitionsAnswer>('/api/definitions', {}, signal)
  return definitions.map(({ app }) => app)
}

/** With what is wanted in each environment; `version` 0 stands for the newest. */
export function wantedBy(client: Client, app: string, version: number, signal: AbortSignal) {
  return client.json<AppAnswer>(appPath(app), version === 0 ? {} : { version }, signal)
}

/** What would be done. */
export async function planned(client: Client, body: DeployBody): Promise<SlotState[]> {
  return (await client.change<PlanAnswer>('POST', '/api/deploys', { ...body, dryRun: true })).plan
}

/** Begins it; the same `key` begins the same one. */
export async function begin(client: Client, body: DeployBody, key: string): Promise<Deploy> {
  const headers = { 'idempotency-key': key }
  return (await client.change<DeployAnswer>('POST', '/api/deploys', body, headers)).deploy
}

/** Not by randomUUID(), which pages over plain HTTP do not have. */
export function randomKey(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('-')
}
