/** What the page asks about definitions of apps. */
import type { DiffAnswer, VersionsAnswer } from '../../server/deploys/apps-api.ts'
import type { KeptDefinition } from '../../server/deploys/definitions.ts'
import type { DefinitionChange } from '../../server/deploys/diff.ts'
import type { Client } from '../api/client.ts'

/** `version` 0 stands for the newest. */
export function definitionOf(client: Client, app: string, version: number, signal?: AbortSignal) {
  const asked = version === 0 ? {} : { version }
  return client.json<KeptDefinition>(appPath(app), asked, signal)
}

/** Numbers of the versions that are kept, newest first. */
export async function versionsOf(client: Client, app: string, signal?: AbortSignal): Promise<number[]> {
  const { versions } = await client.json<VersionsAnswer>(`${appPath(app)}/versions`, {}, signal)
  return versions.map(({ version }) => version).sort((a, b) => b - a)
}

/** What is other between two versions, part by part. */
export async function diffOf(
  client: Client,
  app: string,
  { from, to }: { from: number; to: number },
  signal?: AbortSignal
): Promise<DefinitionChange[]> {
  return (await client.json<DiffAnswer>(`${appPath(app)}/diff`, { from, to }, signal)).diff
}

/** The file that docker's own tools read. */
export async function composeOf(
  client: Client,
  app: string,
  { version, environment }: { version: number; environment: string },
  signal?: AbortSignal
): Promise<string> {
  const asked = { environment, version, kind: 'compose' }
  return (await client.get(`${appPath(app)}/compose`, asked, signal, {})).text()
}

export function appPath(app: string): string {
  return `/api/apps/${encodeURIComponent(app)}`
}
