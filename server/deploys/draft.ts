/** A deploy that is at it, as rollOn() changes it: what was seen, what is open, and the way back. */
import type { By } from './deploy.ts'
import type { Instance, KeptDeploy, Ordered, Running, SlotWork, Work } from './kept.ts'
import type { KeptOrder } from './order-book.ts'
import type { Candidate } from './place.ts'
import type { Planned } from './plan.ts'
import { nextForward } from './slot.ts'
import { tell } from './steps.ts'

export type Draft = KeptDeploy & { work: Work }

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

export function isBegun(kept: KeptDeploy): kept is Draft {
  return kept.work !== undefined
}

export function openOrders({ work }: Draft): Ordered[] {
  return Object.values(work.orders).filter(({ end }) => !end)
}

/** What differs is judged by this. */
export function planned({ deploy, wanted, image, work }: KeptDeploy, { isUp, nameOf }: Seen): Planned {
  const { app, environment, id, version } = deploy
  return { app, environment, deploy: id, version, wanted, image: work?.image ?? image, isUp, nameOf }
}

/** Slots that have changed and are where they are to be. */
export function changedSlots(work: Work): number {
  return work.slots.filter((slot) => slot.change.kind !== 'same' && isThere(work, slot)).length
}

export function isThere(work: Work, slot: SlotWork): boolean {
  return slot.order === undefined && (!nextForward(slot) || isLeft(work, slot))
}

/** Its old instance goes once its host is back. */
export function isLeft({ orders }: Work, { slot }: SlotWork): boolean {
  return Object.values(orders).some((one) => one.slot === slot && one.isLater && !one.end)
}

export function fail(draft: Draft, why: string, { nowMs }: Seen): void {
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

export function placeOf({ slot, host }: Ordered, { nameOf }: Seen): string {
  return slot === undefined ? nameOf(host) : `slot ${slot} on ${nameOf(host)}`
}
