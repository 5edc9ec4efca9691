/**
 * How a deploy rolls on: from what stands in the state, and what was seen since, to what stands there next. Nothing is done
 * here and nothing is remembered: a hub that is killed at any point goes on from the document, and whatever follows from it
 * (orders, leases, what runs) is made again in carry-out.ts.
 */
import {
  changedSlots,
  type Draft,
  isBegun,
  isLeft,
  isThere,
  openOrders,
  planned,
  type Seen
} from './draft.ts'
import { takeEnds } from './ends.ts'
import { hasEnded, type KeptDeploy, type Ordered, type SlotWork, type Work } from './kept.ts'
import { planOf } from './plan.ts'
import { isHalf, type NextOrder, nextBack, nextForward } from './slot.ts'
import { stateOf } from './standing.ts'
import { tell } from './steps.ts'

/** Another hub rolls it on. */
export class OvertakenError extends Error {}

/** So many hosts pull at the same time. */
const PULLS_AT_ONCE = 10

/** The same where there is nothing to be changed. Throws OvertakenError. */
export function rollOn(kept: KeptDeploy, seen: Seen): KeptDeploy {
  if (kept.term > seen.term) throw new OvertakenError()
  if (kept.deploy.state === 'waiting' || (hasEnded(kept.deploy) && !kept.work)) return kept
  const draft = structuredClone(kept)
  draft.term = seen.term
  if (!isBegun(draft) && !begin(draft, seen)) return draft
  if (!isBegun(draft)) return kept
  if (hasEnded(draft.deploy) && !comesBack(draft, seen)) return kept

  takeEnds(draft, seen)
  if (draft.deploy.state === 'rolling-back') back(draft, seen)
  else if (pull(draft, seen)) forward(draft, seen)
  draft.deploy.slots = draft.work.slots.map((slot) => stateOf(draft, slot, seen))
  return draft
}

/** False where nothing comes of it. */
function begin(draft: KeptDeploy, seen: Seen): boolean {
  const { deploy } = draft
  const cancel = (why: string) => {
    Object.assign(deploy, { state: 'cancelled', why, endedMs: seen.nowMs })
    tell(draft, seen.nowMs, { step: 'end', state: 'failed', text: `cancelled: ${why}` })
    return false
  }
  if (!seen.hasClaim) return cancel('another deploy of this app came first')
  const { running } = seen
  if (running?.deploy !== undefined && running.version !== undefined)
    deploy.before = {
      ...{ deploy: running.deploy, version: running.version },
      ...(running.image ? { image: running.image } : {})
    }
  try {
    const slots = planOf(planned(draft, seen), seen.hosts(), running?.slots ?? [])
    draft.work = { slots, orders: {}, lastOrder: 0, passed: 0 }
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (!code?.startsWith('DRIFTLOG_')) throw error
    return cancel(message)
  }
  tell(draft, seen.nowMs, { step: 'plan', state: 'done', text: planText(draft.work, seen) })
  return true
}

function planText({ slots }: Work, { nameOf }: Seen): string {
  const text = ({ change: { slot, kind, hostName, fromHost = '' } }: SlotWork) => {
    const from = kind === 'move' ? ` from ${nameOf(fromHost)}` : ''
    return `slot ${slot}: ${kind}${from} ${kind === 'remove' ? 'from' : kind === 'move' ? 'to' : 'on'} ${hostName}`
  }
  return slots.length === 0 ? 'no instances' : slots.map(text).join(', ')
}

/** A host that nobody heard of tells at last what became of its order: where that is still wanted, all goes back from there. */
function comesBack(draft: Draft, seen: Seen): boolean {
  const { deploy, work } = draft
  const isTold = work.slots.some(({ unknown }) => unknown !== undefined && seen.orders.get(unknown)?.end)
  if (deploy.state !== 'failed' || !isTold || !seen.hasClaim) return false
  deploy.state = 'rolling-back'
  delete deploy.endedMs
  tell(draft, seen.nowMs, { step: 'roll-back', state: 'begun', text: 'a host that was away has answered' })
  return true
}

/** True once every host that will need it has the image. */
function pull(draft: Draft, seen: Seen): boolean {
  const { work, deploy } = draft
  const needing = work.slots.filter((slot) => nextForward(slot)?.kind === 'replace')
  const pulls = Object.values(work.orders).filter(({ kind }) => kind === 'pull')
  const open = pulls.filter(({ end }) => !end)
  const order = (host: string) => {
    if (deploy.state === 'running') issue(draft, { kind: 'pull', host }, seen)
  }
  if (!work.image) {
    const first = needing[0] ?? work.slots.find(({ host }) => host !== undefined)
    if (first?.host === undefined) return true
    if (open.length === 0) order(first.host)
    return false
  }
  const has = new Set(pulls.filter(({ end }) => end?.kind === 'done').map(({ host }) => host))
  const missing = [...new Set(needing.flatMap(({ host }) => host ?? []))].filter((host) => !has.has(host))
  const next = missing.filter((host) => !open.some((one) => one.host === host))
  for (const host of next.slice(0, Math.max(0, PULLS_AT_ONCE - open.length))) order(host)
  return missing.length === 0
}

function forward(draft: Draft, seen: Seen): void {
  const { work, deploy, wanted } = draft
  const { maxUnavailable = 1, breakpoint } = wanted.rollout ?? {}
  const isOpen = ({ order }: SlotWork) => order !== undefined
  for (const slot of work.slots)
    if (!isOpen(slot) && isHalf(slot)) bring(draft, slot, nextForward(slot), seen)
  const rest = work.slots.filter((slot) => !isThere(work, slot))
  if (rest.length === 0) succeed(draft, seen)
  if (deploy.state !== 'running') return
  const changed = changedSlots(work)
  const open = rest.filter(isOpen)
  if (breakpoint !== undefined && changed > work.passed && (breakpoint === 'each' || work.passed === 0)) {
    if (open.length === 0)
      pause(draft, `breakpoint: ${changed} of ${changed + rest.length} slots are new`, seen)
    return
  }
  const isSingle = breakpoint === 'each' || (breakpoint === 'first' && work.passed === 0)
  const room = (isSingle ? 1 : maxUnavailable) - open.length
  for (const slot of rest.filter((one) => !isOpen(one)).slice(0, Math.max(0, room)))
    bring(draft, slot, nextForward(slot), seen)
}

function back(draft: Draft, seen: Seen): void {
  const { work } = draft
  const open = new Set(openOrders(draft).map(({ slot }) => slot))
  for (const slot of work.slots) {
    if (slot.unknown !== undefined || slot.stuck !== undefined || open.has(slot.slot)) continue
    const next = nextBack(slot)
    if (!next) continue
    bring(draft, slot, next, seen)
    open.add(slot.slot)
  }
  const isUnknown = ({ id }: Ordered) => work.slots.some(({ unknown }) => unknown === id)
  if (openOrders(draft).some((ordered) => ordered.kind !== 'pull' && !isUnknown(ordered))) return
  const isOld = work.slots.every((slot) => slot.unknown === undefined && nextBack(slot) === undefined)
  const untouched = draft.deploy.startedMs === undefined && work.failure === undefined
  end(draft, !isOld ? 'failed' : untouched ? 'cancelled' : 'rolled-back', seen)
}

function bring(draft: Draft, slot: SlotWork, next: NextOrder | undefined, seen: Seen): void {
  if (!next) return
  const { deploy } = draft
  const isBack = deploy.state === 'rolling-back'
  const isLater = next.kind === 'remove' && !isBack && !seen.isThere(next.host)
  if (next.kind === 'remove' && !isBack && isLeft(draft.work, slot)) return
  const ordered = issue(draft, { ...next, slot: slot.slot, isBack, isLater }, seen)
  deploy.startedMs ??= seen.nowMs
  if (!isLater) slot.order = ordered.id
}

function issue(
  { work, deploy }: Draft,
  asked: Pick<Ordered, 'kind' | 'host'> & Partial<Ordered>,
  { nowMs }: Seen
): Ordered {
  work.lastOrder++
  const ordered: Ordered = {
    ...{ id: `${deploy.id}-${work.lastOrder}`, isBack: false, isLater: false, createdMs: nowMs, taken: 0 },
    ...{ going: { isDone: false, shown: 0, hidden: 0 }, ...asked }
  }
  work.orders[ordered.id] = ordered
  return ordered
}

function pause(draft: Draft, why: string, seen: Seen): void {
  Object.assign(draft.deploy, { state: 'paused', why })
  tell(draft, seen.nowMs, { step: 'pause', state: 'done', text: why })
}

function succeed(draft: Draft, seen: Seen): void {
  delete draft.deploy.why
  end(draft, 'succeeded', seen)
}

function end(draft: Draft, state: 'succeeded' | 'rolled-back' | 'failed' | 'cancelled', seen: Seen): void {
  const { deploy } = draft
  Object.assign(deploy, { state, endedMs: seen.nowMs })
  const why = deploy.why === undefined ? '' : `: ${deploy.why}`
  tell(draft, seen.nowMs, {
    step: 'end',
    state: state === 'succeeded' ? 'done' : 'failed',
    text: state + why
  })
}
