import type { Deploy } from '../../server/deploys/deploy.ts'
import type { DeploysAnswer } from '../../server/deploys/deploy-api.ts'
import type { Client } from '../api/client.ts'
import { beganMs } from './began.ts'

interface Scope {
  app: string
  environment: string
}

const PAGE = 100
/** Marks of more deploys than this, in one range, are drawn for the newest alone. */
const MOST_MARKS = 500

/** Newest first. */
export async function deploysOf(
  client: Client,
  asked: Scope & { before?: string; limit: number },
  signal?: AbortSignal
): Promise<Deploy[]> {
  return (await client.json<DeploysAnswer>('/api/deploys', asked, signal)).deploys
}

/** Those that began within a range, newest first. */
export async function deploysBetween(
  client: Client,
  scope: Scope,
  fromMs: number,
  toMs: number,
  signal?: AbortSignal
): Promise<Deploy[]> {
  const found: Deploy[] = []
  for (let before = ''; found.length < MOST_MARKS; ) {
    const deploys = await deploysOf(client, { ...scope, before, limit: PAGE }, signal)
    found.push(...deploys.filter((deploy) => beganMs(deploy) >= fromMs && beganMs(deploy) < toMs))
    const last = deploys.at(-1)
    if (!last || deploys.length < PAGE || last.createdMs < fromMs) break
    before = last.id
  }
  return found
}
