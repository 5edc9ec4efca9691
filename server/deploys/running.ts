/** What runs of an app in an environment, as it follows from the deploy that is at it. */
import {
  hasEnded,
  type Instance,
  type KeptDeploy,
  type Leftover,
  type Running,
  type SlotWork,
  type Work
} from './kept.ts'
import { orderOf } from './slot.ts'

/** `old` is what stood there before; again is the same. */
export function runningAfter(kept: KeptDeploy, old: Running | undefined): Running | undefined {
  const { deploy, work } = kept
  if (!work) return old
  const { app, environment, id, version, image } = deploy
  const { slots: _, leftovers = [], ...before } = old ?? { app, environment }
  const hasSucceeded = deploy.state === 'succeeded'
  const now = hasSucceeded ? { app, environment, deploy: id, version, ...(image ? { image } : {}) } : before
  // What is still there of slots that go is left over, and belongs to none.
  const staying = work.slots.filter(({ host }) => !hasSucceeded || host !== undefined)
  const slots = staying.flatMap((slot) => instanceOf(kept, slot) ?? [])
  const isReplaced = ({ slot, host }: Leftover) =>
    slots.some((one) => one.slot === slot && one.host === host && one.unknown === undefined)
  const own = hasSucceeded ? work.slots.flatMap((slot) => leftoverOf(work, slot) ?? []) : []
  const others = leftovers.filter((one) => !own.some(({ order }) => order === one.order))
  return { ...now, slots, leftovers: [...others, ...own].filter((one) => !isReplaced(one)) }
}

/** Orders for which ports are leased: those of what runs, or may run. */
export function neededOrders(running: Running | undefined, kept: KeptDeploy | undefined): Set<string> {
  const needed = new Set<string>()
  for (const { order, unknown } of running?.slots ?? []) {
    needed.add(order)
    if (unknown !== undefined) needed.add(unknown)
  }
  for (const { made } of running?.leftovers ?? []) needed.add(made)
  for (const { unknown, now } of kept?.work?.slots ?? []) {
    if (unknown !== undefined) needed.add(unknown)
    if (now) needed.add(now.order)
  }
  if (!kept?.work || hasEnded(kept.deploy)) return needed
  for (const { before } of kept.work.slots) if (before) needed.add(before.order)
  for (const { id, end } of Object.values(kept.work.orders)) if (!end) needed.add(id)
  return needed
}

function instanceOf(kept: KeptDeploy, slot: SlotWork): Instance | undefined {
  const known = slot.now ?? (slot.isOld ? slot.before : undefined)
  const { unknown } = slot
  if (unknown === undefined) return known
  const old = known ?? slot.before
  if (old) return { ...old, unknown }
  // What an order that nobody heard of again may have brought, where there was nothing before.
  const ordered = kept.work?.orders[unknown]
  const order = ordered && orderOf(kept, ordered)
  if (order?.kind !== 'replace') return undefined
  const { spec } = order
  return { slot: slot.slot, host: ordered?.host ?? '', port: spec.port, order: unknown, spec, unknown }
}

/** Its host was away when the old instance should have gone. */
function leftoverOf({ orders }: Work, { slot, before }: SlotWork): Leftover | undefined {
  const later = Object.values(orders).find((one) => one.slot === slot && one.isLater && !one.end)
  if (!later || !before) return undefined
  return { slot, host: later.host, made: before.order, port: before.port, order: later.id }
}
