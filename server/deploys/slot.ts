/**
 * One slot on its way, forwards or back: which order comes next, and what its end makes of the slot. A slot that moves has
 * its new instance before the old one goes, in both directions.
 */
import type { InstanceSpec, Order } from '../../agent/protocol-orders.ts'
import type { Instance, KeptDeploy, Ordered, SlotWork } from './kept.ts'
import { specOf } from './spec.ts'

export interface NextOrder {
  kind: 'replace' | 'remove'
  host: string
}

/** Undefined once the new instance is there and the old one is not. */
export function nextForward({ host, now, before, isOld, change }: SlotWork): NextOrder | undefined {
  if (change.kind === 'same') return undefined
  if (host !== undefined && !now) return { kind: 'replace', host }
  if (before && isOld && before.host !== host) return { kind: 'remove', host: before.host }
  return undefined
}

/** Undefined once all is as it was before. */
export function nextBack({ now, before, isOld }: SlotWork): NextOrder | undefined {
  if (before && !isOld) return { kind: 'replace', host: before.host }
  if (now) return { kind: 'remove', host: now.host }
  return undefined
}

/** Something of it is there that is not to stay: one order was done, and another one must follow. */
export function isHalf(slot: SlotWork): boolean {
  return slot.now !== undefined && nextForward(slot) !== undefined
}

/** Changes the slot by an order that was done. */
export function takeDone(slot: SlotWork, ordered: Ordered, instance: Instance | undefined): void {
  slot.failures = 0
  const { isBack, host } = ordered
  if (ordered.kind === 'remove') {
    if (isBack) delete slot.now
    else slot.isOld = false
    return
  }
  if (!instance) return
  // It has taken the place of every other instance of the slot on its host.
  if (isBack) {
    if (slot.now?.host === host) delete slot.now
    slot.before = instance
    slot.isOld = true
  } else {
    if (slot.before?.host === host) slot.isOld = false
    slot.now = instance
  }
}

/** Undefined while it has no port yet. */
export function orderOf(kept: KeptDeploy, ordered: Ordered): Order | undefined {
  const { deploy, work, image } = kept
  const given = { id: ordered.id, deploy: deploy.id }
  if (ordered.kind === 'pull') return { ...given, kind: 'pull', image: work?.image ?? image }
  const slot = work?.slots.find((one) => one.slot === ordered.slot)
  if (!slot) return undefined
  if (ordered.kind === 'remove') {
    const { app, environment } = deploy
    const going = ordered.isBack ? slot.now : slot.before
    const stopGraceMs = going?.spec.stopGraceMs ?? 0
    return { ...given, kind: 'remove', app, environment, slot: slot.slot, stopGraceMs }
  }
  const spec = ordered.port === undefined ? undefined : specFor(kept, slot, ordered, ordered.port)
  return spec && { ...given, kind: 'replace', spec }
}

function specFor(
  { deploy, wanted, work, image }: KeptDeploy,
  { slot, before }: SlotWork,
  { isBack }: Ordered,
  port: number
): InstanceSpec | undefined {
  if (isBack) return before && { ...before.spec, port }
  const { app, environment, id, version } = deploy
  return specOf({ app, environment, slot, deploy: id, version, wanted, image: work?.image ?? image, port })
}
