/** What the page asks about definitions of apps. */
import type { VersionsAnswer } from '../../server/deploys/apps-api.ts'
import type { KeptDefinition } from '../../server/deploys/definitions.ts'
import type { Client } from '../api/client.ts'

/** `version` 0 stands for the newest. */
export function definitionOf(client: Client, app: string, version: number, signal?: AbortSignal) {
  const asked = version === 0 ? {} : { version }
  return client.json<KeptDefinition>(pathOf(app), asked, signal)
}

/** Numbers of the versions that are kept, newest first. */
export async function versionsOf(client: Client, app: string, signal?: AbortSignal): Promise<number[]> {
  const { versions } = await client.json<VersionsAnswer>(`${pathOf(app)}/versions`, {}, signal)
  return versions.map(({ version }) => version).sort((a, b) => b - a)
}

export function pathOf(app: string): string {
  return `/api/apps/${encodeURIComponent(app)}`
}
