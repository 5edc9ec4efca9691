/**
 * Round steps of a histogram, with edges on round times of a zone. Where the zone's offset changes within the
 * range, a day has 23 or 25 hours; the store knows steps of one length only, so the range is cut there.
 */

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const STEPS_MS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 7, 14, 28, 91, 364].map((days) => days * DAY_MS)
]
/** Whole weeks begin on this Monday; every other step divides the days before it. */
const MONDAY_MS = 4 * DAY_MS
/** Zones change their offset at most this often; more samples than that would find nothing more. */
const SAMPLE_MS = 7 * DAY_MS
const MAX_SAMPLES = 2000

/** A piece of the range in which all edges lie on `originMs` + k × step. Milliseconds since 1970. */
interface Piece {
  fromMs: number
  toMs: number
  originMs: number
}

export interface Steps {
  stepMs: number
  /** Edges in order: bucket i is edges[i] ≤ time < edges[i + 1]. At least two. */
  edges: number[]
  /** The whole range, in order. More than one where the zone's offset changes. */
  pieces: Piece[]
}

/** The smallest round step that cuts `fromMs` … `toMs` into at most `buckets` (one more where edges stick out). */
export function stepsOf(fromMs: number, toMs: number, buckets: number, offsetMs: OffsetAt): Steps {
  const stepMs = roundStep(Math.max(1, toMs - fromMs) / buckets)
  const pieces = piecesOf(fromMs, Math.max(toMs, fromMs + 1), stepMs, offsetMs)
  const edges: number[] = []
  for (const [index, piece] of pieces.entries()) {
    let edge = piece.originMs + Math.floor((piece.fromMs - piece.originMs) / stepMs) * stepMs
    // The bucket that runs into this piece began in the one before.
    if (index > 0 && edge < piece.fromMs) edge += stepMs
    for (; edge < piece.toMs; edge += stepMs) edges.push(edge)
  }
  const last = pieces.at(-1)
  if (last) edges.push(last.originMs + Math.ceil((last.toMs - last.originMs) / stepMs) * stepMs)
  return { stepMs, edges, pieces }
}

/** Milliseconds to add to UTC to get the zone's local time, at an instant. */
export type OffsetAt = (ms: number) => number

/** Undefined where the zone is unknown. */
export function offsetsOf(zone: string): OffsetAt | undefined {
  if (zone === 'UTC') return () => 0
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' }
    })
  } catch {
    return undefined
  }
  return (ms) => {
    const parts = new Map(format.formatToParts(ms).map((part) => [part.type, part.value]))
    const of = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type))
    const year = parts.get('era') === 'BC' ? 1 - of('year') : of('year')
    const local = Date.UTC(year, of('month') - 1, of('day'), of('hour'), of('minute'), of('second'))
    return local - Math.floor(ms / 1000) * 1000
  }
}

/** The smallest round step of at least so many milliseconds. */
export function roundStep(wantedMs: number): number {
  const longest = STEPS_MS.at(-1) ?? DAY_MS
  return STEPS_MS.find((stepMs) => stepMs >= wantedMs) ?? Math.ceil(wantedMs / longest) * longest
}

function piecesOf(fromMs: number, toMs: number, stepMs: number, offsetMs: OffsetAt): Piece[] {
  const pieces: Piece[] = []
  let beginMs = fromMs
  let offset = offsetMs(fromMs)
  const sampleMs = Math.max(SAMPLE_MS, (toMs - fromMs) / MAX_SAMPLES)
  for (let seenMs = fromMs; seenMs < toMs; ) {
    const nextMs = Math.min(seenMs + sampleMs, toMs)
    const next = offsetMs(nextMs)
    // An offset that changes by whole steps leaves the edges where they are.
    if ((next - offset) % stepMs !== 0) {
      const changeMs = changeBetween(seenMs, nextMs, offset, stepMs, offsetMs)
      pieces.push({ fromMs: beginMs, toMs: changeMs, originMs: MONDAY_MS - offset })
      beginMs = changeMs
      offset = offsetMs(changeMs)
      seenMs = changeMs
    } else seenMs = nextMs
  }
  if (beginMs < toMs) pieces.push({ fromMs: beginMs, toMs, originMs: MONDAY_MS - offset })
  return pieces
}

/** The first millisecond behind `lowMs` whose edges lie elsewhere. */
function changeBetween(lowMs: number, highMs: number, offset: number, stepMs: number, offsetMs: OffsetAt) {
  let low = lowMs
  let high = highMs
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if ((offsetMs(middle) - offset) % stepMs !== 0) high = middle
    else low = middle
  }
  return Math.ceil(high)
}
