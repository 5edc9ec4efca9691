/**
 * Makes everything else follow a deploy's document: leases of ports, orders in the book, what runs. Each act is the same when
 * it is done again, so a hub that was killed in between does them all once more.
 */
import type { StateStore } from '../../collector/store/state.ts'
import { unclaim } from './claim.ts'
import { hasEnded, type KeptDeploy, type Ordered, type Running, runningKey } from './kept.ts'
import type { OrderBook } from './order-book.ts'
import type { LeaseAsked, Ports } from './ports.ts'
import { neededOrders, runningAfter } from './running.ts'
import { orderOf } from './slot.ts'

export interface Tools {
  state: StateStore
  book: OrderBook
  ports: Ports
}

/**
 * For a deploy that has the claim. By order: the port that was leased for it, or why there is none; the document does not
 * have them yet.
 */
export async function carryOut(kept: KeptDeploy, tools: Tools): Promise<Map<string, number | Error>> {
  const { state, ports } = tools
  const { deploy, work } = kept
  const leased = new Map<string, number | Error>()
  for (const ordered of Object.values(work?.orders ?? {})) {
    if (ordered.end?.code === 'DRIFTLOG_PORT_TAKEN') await ports.strange(ordered.host, ordered.id)
    if (ordered.end) continue
    if (ordered.kind === 'replace' && ordered.port === undefined)
      leased.set(ordered.id, await lease(kept, ordered, ports))
    else await enter(kept, ordered, tools)
  }
  const key = runningKey(deploy)
  const old = await state.get<Running>(key)
  const next = runningAfter(kept, old)
  if (JSON.stringify(next) !== JSON.stringify(old))
    await state.update<Running>(key, (now) => runningAfter(kept, now))
  if (!hasEnded(deploy)) return leased
  const needed = neededOrders(next, kept)
  const { app, environment } = deploy
  for (const host of hostsOf(kept))
    await ports.release(
      host,
      (one) => one.app !== app || one.environment !== environment || needed.has(one.order)
    )
  await unclaim(state, deploy)
  return leased
}

/** What is brought back gets the port that it had. */
async function lease(
  kept: KeptDeploy,
  { id, host, slot, isBack }: Ordered,
  ports: Ports
): Promise<number | Error> {
  const { app, environment } = kept.deploy
  const before = kept.work?.slots.find((one) => one.slot === slot)?.before
  const asked: LeaseAsked = { order: id, app, environment }
  if (isBack && before) asked.heir = { of: before.order, port: before.port }
  try {
    return await ports.lease(host, asked)
  } catch (error) {
    if ((error as { code?: string }).code === 'DRIFTLOG_NO_PORT') return error as Error
    throw error
  }
}

/** An order of the same slot that is on its host already, of a deploy before, must come to its end first. */
async function enter(kept: KeptDeploy, ordered: Ordered, { book }: Tools): Promise<void> {
  const { id, host, withdrawnMs, slot } = ordered
  const order = orderOf(kept, ordered)
  if (!order) return
  const open = book.openOf(host)
  const isNew = withdrawnMs === undefined && !open.some((one) => one.order.id === id)
  if (isNew && slot !== undefined) {
    const others = open.filter((one) => one.order.id !== id && slotOf(one.order) === slotOf(order))
    for (const other of others) await book.withdraw(host, other.order.id)
    const left = book.openOf(host)
    if (others.some((other) => left.some((one) => one.order.id === other.order.id))) return
  }
  await book.add(host, order, withdrawnMs !== undefined)
  if (withdrawnMs !== undefined) await book.withdraw(host, id)
}

/** Names a slot among all. */
function slotOf(order: NonNullable<ReturnType<typeof orderOf>>): string | undefined {
  if (order.kind === 'pull') return undefined
  const { app, environment, slot } = order.kind === 'replace' ? order.spec : order
  return `${environment}/${app}/${slot}`
}

function hostsOf({ work }: KeptDeploy): Set<string> {
  const hosts = (work?.slots ?? []).flatMap(({ host, before, now }) => [host, before?.host, now?.host])
  const ordered = Object.values(work?.orders ?? {}).map(({ host }) => host)
  return new Set([...hosts, ...ordered].flatMap((host) => host ?? []))
}
