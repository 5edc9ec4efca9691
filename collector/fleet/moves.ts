/** Moves: an app's instance ended on one host and the next began on another. Found from the instances alone. */

/** From a container's start to its end. A container that was started again has several. */
export interface Run {
  fromMs: number
  /** Absent while it runs. */
  toMs?: number
  /** How far the clock that stamped the start was ahead of the hub's; absent where it was not. */
  fromAheadMs?: number
  /** The same of the end. */
  toAheadMs?: number
  exitCode?: number
  oomKilled?: boolean
  /** The end was not told but concluded: the container was not there any more. */
  inferred?: boolean
}

/** The run by the hub's clock. */
export function byHubClock({ fromAheadMs = 0, toAheadMs = 0, ...run }: Run): Run {
  const fromMs = run.fromMs - fromAheadMs
  return { ...run, fromMs, ...(run.toMs !== undefined && { toMs: Math.max(fromMs, run.toMs - toAheadMs) }) }
}

export interface Move {
  app: string
  environment: string
  /** When the next instance began. */
  atMs: number
  fromHost: string
  fromInstance: string
  toHost: string
  toInstance: string
  /** Of the instance that ended; absent where nobody saw its end. */
  exitCode?: number
  oomKilled?: boolean
  sameImage: boolean
  /** From the end of the one to the start of the other; negative when they overlapped. */
  awayMs: number
}

/** What is needed of an instance to find moves. All given together are of one app and environment. */
export interface Mover {
  instance: string
  host: string
  app: string
  environment: string
  replica?: string
  image: string
  imageId?: string
  runs: readonly Run[]
}

/** How long the next instance may run beside the one that it replaces. */
export const OVERLAP_MS = 5 * 60_000
/** A successor on the same host is preferred by this much: a restart in place is no move. */
const OTHER_HOST_COST_MS = 10_000
/** Overlapping is a likelier sign of another replica than an equally long absence. */
const OVERLAP_COST = 3
/** A run that began and ended between the two has most likely taken the place of the first. */
const BETWEEN_COST_MS = 10 * 60_000
/** Ends that are looked at as predecessors of one start: the last ones before it. */
const MOST_CANDIDATES = 32
/** After a longer absence an instance follows another only if the app ran nowhere meanwhile; else it was scaled. */
const LONG_AWAY_MS = 60 * 60_000

interface Part extends Run {
  mover: Mover
}

interface Pair {
  before: Part & { toMs: number }
  next: Part
  cost: number
}

/**
 * Pairs every run with the one that it most likely follows, the surest pairs first; where that was on another host, it
 * is a move. `silentSinceMs` tells since when a host has not been heard: what ran there counts as ended. Oldest first.
 */
export function movesOf(
  movers: readonly Mover[],
  silentSinceMs: (host: string) => number | undefined = () => undefined
): Move[] {
  const parts: Part[] = movers.flatMap((mover) => mover.runs.map((run) => ended(run, mover, silentSinceMs)))
  const pairs = pairsOf(parts).sort((a, b) => a.cost - b.cost || a.next.fromMs - b.next.fromMs)
  const followed = new Set<Part>()
  const following = new Set<Part>()
  const moves: Move[] = []
  for (const { before, next } of pairs) {
    if (followed.has(before) || following.has(next)) continue
    if (next.fromMs - before.toMs > LONG_AWAY_MS && ranElsewhere(parts, before, next)) continue
    followed.add(before)
    following.add(next)
    if (before.mover.host !== next.mover.host) moves.push(moveOf(before, next))
  }
  return moves.sort((a, b) => a.atMs - b.atMs)
}

function pairsOf(parts: readonly Part[]): Pair[] {
  const ends = parts.filter((part): part is Part & { toMs: number } => part.toMs !== undefined)
  ends.sort((a, b) => a.toMs - b.toMs)
  const byReplica = new Map<string, typeof ends>()
  for (const end of ends) {
    const { replica } = end.mover
    if (replica === undefined) continue
    const own = byReplica.get(replica)
    if (own) own.push(end)
    else byReplica.set(replica, [end])
  }
  return parts.flatMap((next) => [
    ...pairsWith(next, ends),
    ...pairsWith(next, byReplica.get(next.mover.replica ?? '') ?? [])
  ])
}

/** With the ends nearest to the start of `next`. */
function pairsWith(next: Part, ends: readonly (Part & { toMs: number })[]): Pair[] {
  const pairs: Pair[] = []
  const later: (Part & { toMs: number })[] = []
  let i = countUpTo(ends, next.fromMs + OVERLAP_MS)
  for (const lowest = Math.max(0, i - MOST_CANDIDATES); i > lowest; i--) {
    const before = ends[i - 1]
    if (!before || before === next || before.fromMs >= next.fromMs) continue
    const cost = costOf(before, next)
    if (cost === undefined) continue
    const between = later.filter(({ fromMs, toMs }) => fromMs >= before.toMs && toMs <= next.fromMs).length
    pairs.push({ before, next, cost: cost + between * BETWEEN_COST_MS })
    later.push(before)
  }
  return pairs
}

/** How many of `ends`, sorted, are at or before `toMs`. */
function countUpTo(ends: readonly { toMs: number }[], toMs: number): number {
  let low = 0
  let high = ends.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ends[middle]?.toMs ?? 0) <= toMs) low = middle + 1
    else high = middle
  }
  return low
}

function ended(run: Run, mover: Mover, silentSinceMs: (host: string) => number | undefined): Part {
  if (run.toMs !== undefined) return { ...run, mover }
  const silent = silentSinceMs(mover.host)
  return silent === undefined ? { ...run, mover } : { ...run, mover, toMs: Math.max(run.fromMs, silent) }
}

/** How unlikely it is that `next` follows `before`; undefined where it can't. */
function costOf(before: Part & { toMs: number }, next: Part): number | undefined {
  const awayMs = next.fromMs - before.toMs
  const [one, other] = [before.mover.replica, next.mover.replica]
  const sameHost = before.mover.host === next.mover.host
  // Different numbers are different replicas, except where a host counts its own.
  if (!sameHost && one !== undefined && other !== undefined && one !== other) return undefined
  const gap = awayMs < 0 ? -awayMs * OVERLAP_COST : awayMs
  return gap + (sameHost ? 0 : OTHER_HOST_COST_MS)
}

function ranElsewhere(parts: readonly Part[], before: Part, next: Part): boolean {
  return parts.some(
    (part) =>
      part !== before &&
      part !== next &&
      part.fromMs < next.fromMs &&
      (part.toMs === undefined || part.toMs >= next.fromMs - LONG_AWAY_MS / 2)
  )
}

function moveOf(before: Part & { toMs: number }, next: Part): Move {
  const [from, to] = [before.mover, next.mover]
  return {
    app: to.app,
    environment: to.environment,
    atMs: next.fromMs,
    fromHost: from.host,
    fromInstance: from.instance,
    toHost: to.host,
    toInstance: to.instance,
    ...(before.exitCode !== undefined && { exitCode: before.exitCode }),
    ...(before.oomKilled !== undefined && { oomKilled: before.oomKilled }),
    sameImage:
      from.imageId !== undefined && to.imageId !== undefined
        ? from.imageId === to.imageId
        : from.image === to.image,
    awayMs: next.fromMs - before.toMs
  }
}
