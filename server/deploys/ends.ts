/** What became of orders: reports, ends, ports, and hosts that say nothing. Changes the draft. */
import type { ImageAsked, ImageFound, OrderEnd } from '../../agent/protocol-orders.ts'
import { type Draft, fail, openOrders, placeOf, planned, type Seen } from './draft.ts'
import type { Instance, Ordered } from './kept.ts'
import type { KeptOrder } from './order-book.ts'
import { changeOf } from './plan.ts'
import { takeDone } from './slot.ts'
import { reasonOf, tell, tellEnd, tellReports } from './steps.ts'

/** So many ports are tried for one instance. */
const MOST_PORTS = 5
/** So often is tried to bring one slot back. */
const MOST_BACK = 3
const PORT_TAKEN = 'DRIFTLOG_PORT_TAKEN'

/** Takes what was seen of all open orders. */
export function takeEnds(draft: Draft, seen: Seen): void {
  takePorts(draft, seen)
  for (const ordered of openOrders(draft)) take(draft, ordered, seen)
  for (const ordered of openOrders(draft)) watch(draft, ordered, seen)
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
  // What takes back stays ordered: it is what is wanted, whenever the host is there again.
  if (!ordered.isBack) {
    if (ordered.withdrawnMs === undefined) {
      ordered.withdrawnMs = seen.nowMs
      ordered.text = why
      fail(draft, why, seen)
    }
    if (order && order.withdrawnMs === undefined) return
    // A host that is there will say in time what became of it.
    if (seen.isThere(ordered.host) && seen.nowMs - ordered.withdrawnMs <= waitMs) return
  }
  if (!slot) {
    takeEnd(draft, ordered, { kind: 'undone', code: 'DRIFTLOG_SILENT' }, seen)
    return
  }
  if (slot.order === ordered.id) delete slot.order
  slot.unknown = ordered.id
}
