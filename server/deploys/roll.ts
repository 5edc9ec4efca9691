/**
 * How a deploy rolls on: from what stands in the state, and what was seen since, to what stands there next. Nothing is done
 * here and nothing is remembered: a hub that is killed at any point goes on from the document, and whatever follows from it
 * (orders, leases, what runs) is made again in carry-out.ts.
 */
import type { ImageAsked, ImageFound, OrderEnd } from '../../agent/protocol-orders.ts'
import type { By, SlotState } from './deploy.ts'
import {
  hasEnded,
  type Instance,
  type KeptDeploy,
  type Ordered,
  type Running,
  type SlotWork,
  type Work
} from './kept.ts'
import type { KeptOrder } from './order-book.ts'
import type { Candidate } from './place.ts'
import { changeOf, type Planned, planOf } from './plan.ts'
import { isHalf, type NextOrder, nextBack, nextForward, takeDone } from './slot.ts'
import { reasonOf, tell, tellEnd, tellReports } from './steps.ts'

export interface Seen {
  nowMs: number
  /** Of the hub that looks. */
  term: number
  /** A host that says nothing of an order for so long has failed. */
  timeoutMs: number
  /** It alone may touch the app's instances. */
  hasClaim: boolean
  running: Running | undefined
  /** Those that take orders. */
  hosts: () => readonly Candidate[]
  isThere: (host: string) => boolean
  nameOf: (host: string) => string
  isUp: (instance: Instance) => boolean
  /** The deploy's orders as they stand in the book. */
  orders: ReadonlyMap<string, KeptOrder>
  /** By order: its port, or why there is none. */
  ports: ReadonlyMap<string, number | Error>
}

/** Another hub rolls it on. */
export class OvertakenError extends Error {}

/** So many hosts pull at the same time. */
const PULLS_AT_ONCE = 10
/** So many ports are tried for one instance. */
const MOST_PORTS = 5
/** So often is tried to bring one slot back. */
const MOST_BACK = 3
const PORT_TAKEN = 'DRIFTLOG_PORT_TAKEN'

type Draft = KeptDeploy & { work: Work }

/** The same where there is nothing to be changed. Throws OvertakenError. */
export function rollOn(kept: KeptDeploy, seen: Seen): KeptDeploy {
  if (kept.term > seen.term) throw new OvertakenError()
  if (kept.deploy.state === 'waiting' || (hasEnded(kept.deploy) && !kept.work)) return kept
  const draft = structuredClone(kept)
  draft.term = seen.term
  if (!isBegun(draft) && !begin(draft, seen)) return draft
  if (!isBegun(draft)) return kept
  if (hasEnded(draft.deploy) && !comesBack(draft, seen)) return kept

  takePorts(draft, seen)
  for (const ordered of openOrders(draft)) take(draft, ordered, seen)
  for (const ordered of openOrders(draft)) watch(draft, ordered, seen)
  if (draft.deploy.state === 'rolling-back') back(draft, seen)
  else if (pull(draft, seen)) forward(draft, seen)
  draft.deploy.slots = draft.work.slots.map((slot) => stateOf(draft, slot, seen))
  return draft
}

export function isBegun(kept: KeptDeploy): kept is Draft {
  return kept.work !== undefined
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
    return cancel((error as Error).message)
  }
  tell(draft, seen.nowMs, { step: 'plan', state: 'done', text: planText(draft.work, seen) })
  return true
}

/** What differs is judged by this. */
function planned({ deploy, wanted, image, work }: KeptDeploy, { isUp, nameOf }: Seen): Planned {
  const { app, environment, id, version } = deploy
  return { app, environment, deploy: id, version, wanted, image: work?.image ?? image, isUp, nameOf }
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

function openOrders({ work }: Draft): Ordered[] {
  return Object.values(work.orders).filter(({ end }) => !end)
}

function takePorts(draft: Draft, seen: Seen): void {
  for (const ordered of openOrders(draft)) {
    const port = seen.ports.get(ordered.id)
    if (ordered.port !== undefined || port === undefined) continue
    const { slot, host } = ordered
    if (typeof port === 'number') {
      ordered.port = port
      tell(draft, seen.nowMs, { step: 'lease', state: 'done', slot, host, text: `port ${port}` })
      continue
    }
    ordered.text = port.message
    takeEnd(draft, ordered, { kind: 'undone', code: 'DRIFTLOG_NO_PORT' }, seen)
  }
}

function take(draft: Draft, ordered: Ordered, seen: Seen): void {
  const order = seen.orders.get(ordered.id)
  if (!order) return
  tellReports(draft, ordered, order)
  if (order.end) takeEnd(draft, ordered, order.end, seen, order)
}

function takeEnd(draft: Draft, ordered: Ordered, end: OrderEnd, seen: Seen, order?: KeptOrder): void {
  const { deploy, work } = draft
  ordered.end = end
  tellEnd(draft, seen.nowMs, ordered, end)
  const slot = work.slots.find((one) => one.slot === ordered.slot)
  if (slot?.order === ordered.id) delete slot.order
  if (slot?.unknown === ordered.id) delete slot.unknown
  const isDone = end.kind === 'done'
  const wrong = isDone ? wrongImage(draft, ordered, end) : reasonOf(ordered, end)
  if (isDone && slot) takeDone(slot, ordered, instanceOf(ordered, end, order))
  if (wrong === undefined) {
    if (ordered.kind === 'pull' && end.image) takeImage(draft, end.image, seen)
    return
  }
  // What was taken back has come to nothing, as it should.
  if (deploy.state === 'rolling-back' && !ordered.isBack) return
  if (slot) slot.failures++
  if (end.code === PORT_TAKEN && slot && slot.failures < MOST_PORTS) return
  if (!ordered.isBack) fail(draft, `${placeOf(ordered, seen)}: ${wrong}`, seen)
  else if (slot && slot.failures >= MOST_BACK) slot.stuck = wrong
}

function instanceOf(
  ordered: Ordered,
  { container }: OrderEnd,
  order: KeptOrder | undefined
): Instance | undefined {
  if (order?.order.kind !== 'replace') return undefined
  const { spec } = order.order
  return {
    ...{ slot: spec.slot, host: ordered.host, port: spec.port, order: ordered.id, spec },
    ...(container === undefined ? {} : { container })
  }
}

/** Every host runs the very image that was asked for, or that the first host has found. */
function wrongImage(
  { image, work }: Draft,
  { isBack, kind }: Ordered,
  { image: found }: OrderEnd
): string | undefined {
  if (kind === 'remove' || isBack) return undefined
  if (!found) return kind === 'pull' ? 'DRIFTLOG_IMAGE: the host does not say which image it has' : undefined
  const { digest, imageId, reference } = work.image ?? image
  if (digest !== undefined ? digest === found.digest : imageId === undefined || imageId === found.imageId)
    return undefined
  return `DRIFTLOG_IMAGE: ${reference} is ${digest ?? imageId}, but the host has ${found.digest ?? found.imageId}`
}

/** The first host has found it: from now on all get this one. What is the same already is seen now. */
function takeImage(draft: Draft, found: ImageFound, seen: Seen): void {
  const { work, deploy } = draft
  if (work.image) return
  const { reference } = draft.image
  const { digest, imageId } = found
  const image: ImageAsked = digest === undefined ? { reference, imageId } : { reference, digest }
  work.image = image
  deploy.image = { reference, imageId, ...(digest === undefined ? {} : { digest }) }
  for (const slot of work.slots) slot.change = changeOf(planned(draft, seen), slot)
}

function fail(draft: Draft, why: string, { nowMs }: Seen): void {
  draft.work.failure ??= why
  goBack(draft, why, nowMs)
}

/** From here on all goes back. Changes `draft`. */
export function goBack(draft: Draft, why: string, nowMs: number, by?: By): void {
  const { deploy, work } = draft
  if (deploy.state === 'rolling-back') return
  Object.assign(deploy, { state: 'rolling-back', why })
  tell(draft, nowMs, { step: 'roll-back', state: 'begun', text: why, ...(by ? { by } : {}) })
  for (const slot of work.slots) slot.failures = 0
  for (const ordered of openOrders(draft)) {
    ordered.withdrawnMs ??= nowMs
    // Without a port it has never been in the book.
    if (ordered.kind !== 'replace' || ordered.port !== undefined) continue
    ordered.end = { kind: 'undone', code: 'DRIFTLOG_WITHDRAWN' }
    for (const slot of work.slots) if (slot.order === ordered.id) delete slot.order
  }
}

/** Nobody is waited for longer than it may take. */
function watch(draft: Draft, ordered: Ordered, seen: Seen): void {
  const { work } = draft
  const slot = work.slots.find((one) => one.slot === ordered.slot)
  if ((ordered.isLater && ordered.withdrawnMs === undefined) || slot?.unknown === ordered.id) return
  const order = seen.orders.get(ordered.id)
  const spec = order?.order.kind === 'replace' ? order.order.spec : undefined
  const graceMs = order?.order.kind === 'remove' ? order.order.stopGraceMs : (spec?.stopGraceMs ?? 0)
  const waitMs = seen.timeoutMs + Math.max(graceMs, spec?.health.withinMs ?? 0)
  const signMs = Math.max(ordered.createdMs, order?.toldMs ?? 0)
  if (seen.nowMs - signMs <= waitMs) return
  const seconds = Math.round(waitMs / 1000)
  const why = `${placeOf(ordered, seen)}: nothing was heard of the ${ordered.kind} for ${seconds} s`
  if (ordered.withdrawnMs === undefined) {
    ordered.withdrawnMs = seen.nowMs
    ordered.text = why
    if (!ordered.isBack) fail(draft, why, seen)
  }
  // A host that is there will say in time what became of it.
  if (seen.isThere(ordered.host) && seen.nowMs - ordered.withdrawnMs <= waitMs) return
  if (!slot) {
    takeEnd(draft, ordered, { kind: 'undone', code: 'DRIFTLOG_SILENT' }, seen)
    return
  }
  if (slot.order === ordered.id) delete slot.order
  slot.unknown = ordered.id
}

function placeOf({ slot, host }: Ordered, { nameOf }: Seen): string {
  return slot === undefined ? nameOf(host) : `slot ${slot} on ${nameOf(host)}`
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

/** Slots that have changed and are where they are to be. */
export function changedSlots(work: Work): number {
  return work.slots.filter((slot) => slot.change.kind !== 'same' && isThere(work, slot)).length
}

function isThere(work: Work, slot: SlotWork): boolean {
  return slot.order === undefined && (!nextForward(slot) || isLeft(work, slot))
}

/** Its old instance goes once its host is back. */
function isLeft({ orders }: Work, { slot }: SlotWork): boolean {
  return Object.values(orders).some((one) => one.slot === slot && one.isLater && !one.end)
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
  if (isLater && isLeft(draft.work, slot)) return
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
    ...{ going: { shown: 0, hidden: 0 }, ...asked }
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

function stateOf(draft: Draft, slot: SlotWork, seen: Seen): SlotState {
  const instance = slot.now ?? (slot.isOld ? slot.before : undefined)
  const left = isLeft(draft.work, slot) ? leftText(slot, seen) : undefined
  const reason = slot.stuck ?? left
  return {
    ...slot.change,
    state: standing(draft, slot),
    ...(instance ? { port: instance.port } : {}),
    ...(instance?.container === undefined ? {} : { container: instance.container }),
    ...(reason === undefined ? {} : { reason })
  }
}

function standing({ deploy, work }: Draft, slot: SlotWork): SlotState['state'] {
  if (slot.unknown !== undefined) return 'unknown'
  if (slot.change.kind === 'same') return deploy.state === 'succeeded' ? 'new' : 'old'
  const isBack = deploy.state === 'rolling-back' || (hasEnded(deploy) && deploy.state !== 'succeeded')
  if (isBack) return slot.order !== undefined ? 'reverting' : nextBack(slot) ? 'new' : 'old'
  if (isThere(work, slot)) return 'new'
  return slot.order !== undefined || isHalf(slot) ? 'changing' : 'old'
}

function leftText({ before }: SlotWork, { nameOf }: Seen): string {
  return `${nameOf(before?.host ?? '')} is away or takes no orders: what runs there goes when it is back`
}
