/** What has come to its end and was left: leases that nothing needs, hosts that are gone for good, deploys that are too many. */
import type { Order } from '../../agent/protocol-orders.ts'
import type { Archive } from './archive.ts'
import type { Tools } from './carry-out.ts'
import { claim, unclaim, unclaimAll } from './claim.ts'
import { type Leftover, RUNNING, type Running, runningKey } from './kept.ts'
import type { KeptOrder } from './order-book.ts'
import type { Repeats } from './repeats.ts'
import { givenUp } from './requests.ts'
import { neededOrders } from './running.ts'

export interface UpkeepOptions extends Tools {
  archive: Archive
  repeats: Pick<Repeats, 'sweep'>
  /** The host may come back under this id: it has a key. */
  mayReturn: (host: string) => boolean
  /** Deploys that are kept of each app and environment. */
  kept: number
  nowMs: () => number
}

/** What an agent still holds of an order is told by then. */
const ORDER_KEPT_MS = 86_400_000
const AGAIN_MS = 10 * 60_000
/** Has the claim for a moment, in place of a deploy. */
const SELF = 'upkeep'

/** Once through all of it. Safe beside deploys that are under way. */
export async function upkeep(options: UpkeepOptions): Promise<void> {
  // Left by a hub that was killed.
  await unclaimAll(options.state, SELF)
  await leaveGoneHosts(options)
  await clearLeftovers(options)
  await releaseLeases(options)
  await forgetOrders(options)
  await forgetDeploys(options)
  await options.repeats.sweep()
}

/** A host whose key was revoked never comes back under its id: its orders are over, and its ports nobody's. */
async function leaveGoneHosts({ ports, book, mayReturn }: UpkeepOptions): Promise<void> {
  const hosts = new Set([...(await ports.list()).keys(), ...book.hosts()])
  for (const host of hosts) {
    if (mayReturn(host)) continue
    await book.close(host)
    await ports.forget(host)
  }
}

/** What a host that was away had to remove is gone, once it says so; what came to nothing is ordered anew. */
async function clearLeftovers(options: UpkeepOptions): Promise<void> {
  const { state, book, nowMs } = options
  for (const { key, value } of await state.list<Running>(RUNNING)) {
    const over = new Set<string>()
    for (const leftover of value.leftovers) {
      const kept = await book.read(leftover.host, leftover.order)
      const { end, endedMs = 0 } = kept ?? {}
      if (!kept || end?.kind === 'done' || end?.code === 'DRIFTLOG_HOST_GONE') over.add(leftover.order)
      else if (end && nowMs() - endedMs > AGAIN_MS) await orderAnew(options, value, leftover, kept.order)
    }
    if (over.size === 0) continue
    await state.update<Running>(
      key,
      (old) => old && { ...old, leftovers: old.leftovers.filter(({ order }) => !over.has(order)) }
    )
  }
}

/** Not beside a deploy, which may mean to use the slot: it would not know of it. */
async function orderAnew(
  { state, book }: UpkeepOptions,
  running: Running,
  { order, host }: Leftover,
  last: Order
): Promise<void> {
  const self = { ...running, id: SELF }
  if (last.kind !== 'remove' || (await claim(state, self)) !== SELF) return
  const id = nextTry(order)
  await book.add(host, { ...last, id })
  await state.update<Running>(runningKey(running), (old) => {
    const named = (one: Leftover) => (one.order === order ? { ...one, order: id } : one)
    return old && { ...old, leftovers: old.leftovers.map(named) }
  })
  await unclaim(state, self)
}

/** The id of the order that comes after this one, where it came to nothing. */
export function nextTry(order: string): string {
  const [, first = order, count = '0'] = /^(.*?)(?:\.(\d+))?$/.exec(order) ?? []
  return `${first}.${Number(count) + 1}`
}

/**
 * Leases are read first: whatever is leased later is not looked at. Then deploys, then what runs: what a deploy no longer
 * knows when it is read is in what runs by then.
 */
async function releaseLeases({ state, ports, archive, book }: UpkeepOptions): Promise<void> {
  const hosts = await ports.list()
  const needed = new Set<string>()
  for (const id of archive.unfinished()) {
    const kept = await archive.read(id)
    for (const order of neededOrders(undefined, kept)) needed.add(order)
    for (const order of Object.keys(kept?.work?.orders ?? {})) needed.add(order)
  }
  for (const { value } of await state.list<Running>(RUNNING))
    for (const order of neededOrders(value, undefined)) needed.add(order)
  for (const [host, { leases }] of hosts) {
    const open = new Set(book.openOf(host).map(({ order }) => order.id))
    const old = new Set(leases.map(({ order }) => order))
    await ports.release(host, ({ order }) => !old.has(order) || needed.has(order) || open.has(order))
  }
}

async function forgetOrders({ state, archive, book, nowMs }: UpkeepOptions): Promise<void> {
  const unfinished = new Set(archive.unfinished())
  for (const { value } of await state.list<KeptOrder>('order/')) {
    const { order, host, endedMs } = value
    if (endedMs === undefined || unfinished.has(order.deploy)) continue
    if (nowMs() - endedMs > ORDER_KEPT_MS) await book.forget(host, order.id)
  }
}

/**
 * Never those that are under way, nor what runs, nor what ran before it. One that waits for its approval all the while is
 * cancelled first, for who looks for it.
 */
async function forgetDeploys({ state, archive, kept, nowMs }: UpkeepOptions): Promise<void> {
  const why = `nobody has approved it, and ${kept} newer ones were asked for`
  const needed = new Set<string>()
  for (const { value } of await state.list<Running>(RUNNING)) {
    const { deploy } = value
    if (deploy === undefined) continue
    needed.add(deploy)
    const before = (await archive.read(deploy))?.deploy.before?.deploy
    if (before !== undefined) needed.add(before)
  }
  const counts = new Map<string, number>()
  for (const id of archive.ids(() => true)) {
    const place = archive.placeOf(id)
    const count = (counts.get(place) ?? 0) + 1
    counts.set(place, count)
    if (count <= kept || needed.has(id)) continue
    if (archive.isOver(id)) await archive.remove(id)
    else if (archive.isWaiting(id)) await archive.change(id, (old) => givenUp(old, why, nowMs()))
  }
}
