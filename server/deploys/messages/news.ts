/**
 * What of deploys has to be told: found by a remembered place. What lies before it has been seen to, what lies behind is looked
 * at again, also after a restart.
 */
import type { Logger } from 'pino'
import type { StateStore } from '../../../collector/store/state.ts'
import type { DeployFeed } from '../begin.ts'
import type { Deploy } from '../deploy.ts'
import { hasEnded } from '../kept.ts'
import { isFor, type KeptNotice } from './notices.ts'
import type { MessageOutbox } from './outbox.ts'
import { factsOf, isTold } from './text.ts'

export interface NewsOptions {
  state: StateStore
  deploys: Pick<DeployFeed, 'list'>
  outbox: Pick<MessageOutbox, 'add'>
  log: Pick<Logger, 'warn'>
  nowMs: () => number
  /** Address of the page, for links. */
  hub?: URL
}

/** The id of a deploy: it and all before it have ended and were seen to. */
interface Place {
  id: string
}

const PLACE = 'notice-place'
const PAGE = 100
/** So many deploys are looked at behind the place. */
const MOST_BEHIND = 1000
/** What other hubs have begun is known here by then, and lies in its place among what was begun here. */
const SETTLED_MS = 600_000

export interface Behind {
  place: string
  /** Oldest first. */
  deploys: Deploy[]
}

export async function behindPlace(options: NewsOptions): Promise<Behind> {
  const { id: place = '' } = (await options.state.get<Place>(PLACE)) ?? {}
  return { place, deploys: await deploysBehind(options, place) }
}

export async function movePlace({ state, log, nowMs }: NewsOptions, { deploys }: Behind): Promise<void> {
  const open = deploys.findIndex((deploy) => !hasEnded(deploy) || deploy.createdMs > nowMs() - SETTLED_MS)
  const last = open < 0 ? deploys.at(-1) : deploys[open - 1]
  if (!last) return
  await state.update<Place>(PLACE, (old) => (old && old.id > last.id ? old : { id: last.id }))
  if (deploys.length >= MOST_BEHIND)
    log.warn({ place: last.id }, 'more deploys ended than are looked at, older ones may not have been told')
}

/** Oldest first. */
async function deploysBehind({ deploys }: NewsOptions, id: string): Promise<Deploy[]> {
  const found: Deploy[] = []
  while (found.length < MOST_BEHIND) {
    const beforeId = found.at(-1)?.id
    const page = await deploys.list({ limit: PAGE, ...(beforeId === undefined ? {} : { beforeId }) })
    const news = page.filter((deploy) => deploy.id > id)
    found.push(...news)
    if (news.length < page.length || page.length < PAGE) break
  }
  return found.reverse()
}

/** What is in the outbox already by `noted` is not put there again. Returns what is there now of these deploys. */
export async function noteAll(
  { outbox, hub }: NewsOptions,
  {
    notices,
    deploys,
    noted
  }: { notices: readonly KeptNotice[]; deploys: readonly Deploy[]; noted: ReadonlySet<string> }
): Promise<ReadonlySet<string>> {
  const there = new Set<string>()
  for (const deploy of deploys) {
    const { state } = deploy
    if (!isTold(state)) continue
    const atMs = momentOf(deploy)
    for (const notice of notices) {
      if (!isFor(notice, deploy) || atMs < notice.createdMs) continue
      const id = `${deploy.id}.${state}`
      const name = `${notice.name}/${id}`
      if (!noted.has(name)) await outbox.add(notice.name, { id, facts: factsOf(deploy, state, hub), atMs })
      there.add(name)
    }
  }
  return there
}

function momentOf({ endedMs, startedMs, createdMs, state }: Deploy): number {
  if (state === 'waiting') return createdMs
  return endedMs ?? startedMs ?? createdMs
}
