/** Where streams go on that were found anew or belong to a new session: the hub is asked. */
import type { Logger } from 'pino'
import type { Log, Pool } from '../files/log.ts'
import type { Position, PositionsAsked } from '../protocol.ts'

/** Of one session. Undefined: the session or the agent has ended. */
export type AskPositions = (asked: Omit<PositionsAsked, 'session'>) => Promise<Position[] | undefined>

interface Placing {
  streams: () => readonly Log[]
  pools: () => readonly Pool[]
  ask: AskPositions
  log: Pick<Logger, 'warn'>
}

const STREAMS_PER_QUESTION = 500

export function isUnplaced({ placed, generations, pool }: Log): boolean {
  return !placed && generations.length > 0 && !pool
}

export function isWaiting({ placed, waiting }: Pool): boolean {
  return !placed && waiting
}

/** Places all streams that are not yet. False: the session or the agent has ended. */
export async function placeAll({ streams, pools, ask, log }: Placing): Promise<boolean> {
  const single = streams().filter(isUnplaced)
  const known = await asked(single, ask, ({ container, stream }) => ({ streams: [{ container, stream }] }))
  if (!known) return false
  const byStream = grouped(known, keyOf)
  for (const stream of single) placeOne(stream, byStream.get(keyOf(stream)) ?? [], log)
  const waiting = pools().filter(isWaiting)
  const ofPools = await asked(waiting, ask, ({ container }) => ({ streams: [], containers: [container] }))
  if (!ofPools) return false
  const byContainer = grouped(ofPools, ({ container }) => container)
  for (const pool of waiting) placeOne(pool, byContainer.get(pool.container) ?? [], log)
  return true
}

/** What the hub knows of all that is asked for, in as many questions as it takes. */
async function asked<T>(
  all: readonly T[],
  ask: AskPositions,
  questionOf: (one: T) => Omit<PositionsAsked, 'session'>
): Promise<Position[] | undefined> {
  const positions: Position[] = []
  for (let from = 0; from < all.length; from += STREAMS_PER_QUESTION) {
    const questions = all.slice(from, from + STREAMS_PER_QUESTION).map(questionOf)
    const streams = questions.flatMap((question) => question.streams)
    const containers = questions.flatMap((question) => question.containers ?? [])
    const answer = await ask({ streams, ...(containers.length > 0 && { containers }) })
    if (!answer) return undefined
    for (const position of answer) positions.push(position)
  }
  return positions
}

function placeOne(one: Log | Pool, known: Position[], log: Pick<Logger, 'warn'>): void {
  try {
    one.place(known)
  } catch (err) {
    log.warn({ err, container: one.container }, 'log files cannot be read, will try again')
  }
}

function grouped(
  positions: readonly Position[],
  keyOf: (position: Position) => string
): Map<string, Position[]> {
  const groups = new Map<string, Position[]>()
  for (const position of positions) {
    const group = groups.get(keyOf(position))
    if (group) group.push(position)
    else groups.set(keyOf(position), [position])
  }
  return groups
}

function keyOf({ container, stream }: { container: string; stream: string }): string {
  return `${container} ${stream}`
}
