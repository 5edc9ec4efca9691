/**
 * The gaps of one instance: what of its logs nobody can read any more. Telling a gap again changes nothing, and a
 * byte is missing only once, whoever tells it.
 */
import type { Loss } from '../../agent/protocol.ts'
import type { NulRun } from '../parse/nuls.ts'
import { aboutLines, type Book, keptBook, newBook, spanOf, write } from './book.ts'

/** As agents tell it; `nul` is what the hub finds itself: bytes that were never written, zeros in the file. */
export type GapCause = Loss['cause'] | 'nul'

export interface Gap {
  stream: string
  cause: GapCause
  /** Where it begins, as far as that is known; `through` is the last generation where several are missing in a row. */
  generation?: string
  offset?: number
  through?: string
  /** Absent where nobody knows. */
  bytes?: number
  /** There may have been more than `bytes`. */
  more?: true
  /** Generations written right before and right after. */
  after?: string
  before?: string
  /** Nobody has seen it: the hub takes it for lost, since its container is gone. */
  assumed?: true
  /** Losses that were told of it. */
  count: number
  toldMs: number
  /** Times of the last record before it and the first one behind it, as far as there are any. */
  fromMs?: number
  toMs?: number
}

/** Older gaps, together. */
export interface Earlier {
  count: number
  bytes: number
  /** How many of them are of unknown size. */
  unknown: number
  fromMs: number
  toMs: number
}

export interface Account {
  /** In the order in which they were told. */
  gaps: Gap[]
  earlier?: Earlier
  /** Names of the last losses, so that one told again is known. */
  told: string[]
  /** By stream. */
  books: Map<string, Book>
}

/** As the state store keeps it. */
export interface KeptAccount extends Omit<Account, 'books'> {
  books: [string, Book][]
}

/** What came of one generation with one delivery. */
export interface Came {
  stream: string
  generation: string
  file: string
  ended: boolean
  bytes: number
  timeMs: ArrayLike<number>
  offset: ArrayLike<number>
  nuls: readonly NulRun[]
}

const MOST_GAPS = 1000
const MOST_TOLD = 2000
/** Beyond this, in milliseconds, there are no dates. */
const LAST_DATE_MS = 8.64e15

export function newAccount(): Account {
  return { gaps: [], told: [], books: new Map() }
}

/** False where it was told before. `assumed`: by the hub, of which no agent has said anything. */
export function tellLoss(account: Account, loss: Loss, aheadMs = 0, assumed = false): boolean {
  const { stream, generation, cause, bytes, offset, after, before, more } = loss
  const name = assumed ? `${nameOf(loss)} assumed` : nameOf(loss)
  const whole = generation === undefined ? undefined : `${stream} ${generation} is lost`
  const isKnown = account.told.includes(name)
  // An agent that began anew knows less than it did when it told.
  const isLess = bytes === undefined && whole !== undefined && account.told.includes(whole)
  if (isKnown || isLess) return false
  account.told = [...account.told, name, ...(whole === undefined ? [] : [whole])].slice(-MOST_TOLD)
  if (!assumed) account.gaps = account.gaps.filter((gap) => !isAssumptionOf(gap, loss))
  return add(account, {
    stream,
    cause,
    ...(assumed && { assumed }),
    ...(generation !== undefined && { generation }),
    ...(offset !== undefined && generation !== undefined && { offset }),
    ...(bytes !== undefined && { bytes }),
    ...(more && { more }),
    ...(after !== undefined && { after }),
    ...(before !== undefined && { before }),
    count: 1,
    toldMs: Math.min(loss.atMs - aheadMs, LAST_DATE_MS)
  })
}

/** Takes over what came; true where gaps were found or their bounds moved. */
export function tellArrival(account: Account, came: Came, nowMs: number): boolean {
  const book = bookOf(account, came.stream)
  const beforeMs = spanOf(book, came.generation)?.lastMs ?? book.lastMs
  const zeros = came.nuls.reduce((sum, { bytes }) => sum + bytes, 0)
  const isNew = write(book, { ...came, bytes: came.bytes - zeros })
  const { length } = account.gaps
  account.gaps = account.gaps.filter((gap) => !isMistaken(gap, came))
  let changed = account.gaps.length < length
  for (const gap of account.gaps) if (gap.stream === came.stream && tighten(gap, came, isNew)) changed = true
  for (const { offset, bytes, row } of came.nuls) {
    if (isHole(book, came, offset)) continue
    const fromMs = row > 0 ? came.timeMs[row - 1] : beforeMs
    const toMs = came.timeMs[row]
    const gap: Gap = {
      stream: came.stream,
      cause: 'nul',
      generation: came.generation,
      offset,
      bytes,
      count: 1,
      toldMs: nowMs,
      ...(fromMs !== undefined && { fromMs }),
      ...(toMs !== undefined && { toMs })
    }
    if (add(account, gap)) changed = true
  }
  return changed
}

/** The last record of a stream that was stored before this process began. */
export function recall(account: Account, stream: string, lastMs: number): void {
  const book = bookOf(account, stream)
  book.lastMs = Math.max(book.lastMs ?? lastMs, lastMs)
}

/** About how many lines are missing; undefined where nobody can say. */
export function linesOf(account: Account, { stream, bytes }: Gap): number | undefined {
  return bytes === undefined ? undefined : aboutLines(account.books.get(stream), bytes)
}

/** Losses and their bytes, the older ones included; `unknown` are those whose size nobody knows. */
export function totalOf({ gaps, earlier }: Account): { count: number; bytes: number; unknown: number } {
  const sum = { count: earlier?.count ?? 0, bytes: earlier?.bytes ?? 0, unknown: earlier?.unknown ?? 0 }
  for (const { count, bytes } of gaps) {
    sum.count += count
    sum.bytes += bytes ?? 0
    if (bytes === undefined) sum.unknown++
  }
  return sum
}

/** When it happened, as far as anybody knows. */
export function rangeOf({ fromMs, toMs, toldMs }: Gap): { fromMs: number; toMs: number } {
  const from = fromMs ?? Math.min(toMs ?? toldMs, toldMs)
  return { fromMs: from, toMs: Math.max(from, toMs ?? toldMs) }
}

/** The part that outlives the hub. */
export function keptAccount(account: Account): KeptAccount {
  return { ...account, books: [...account.books].map(([name, book]) => [name, keptBook(book)]) }
}

export function openAccount(kept: KeptAccount): Account {
  return { ...kept, books: new Map(kept.books) }
}

function bookOf(account: Account, stream: string): Book {
  const book = account.books.get(stream) ?? newBook()
  account.books.set(stream, book)
  return book
}

/** One that says where it happened is the same whenever it is told. */
function nameOf({ stream, generation, offset, cause, bytes, after, before, atMs }: Loss): string {
  const isPlaced =
    (generation !== undefined && offset !== undefined) || after !== undefined || before !== undefined
  return [stream, cause, generation, offset, bytes, after, before, isPlaced ? '' : atMs].join(' ')
}

/**
 * A file that was truncated under its writer goes on at its old length: the zeros before it were never a log. (A part
 * of a file has a place in its name; it does not begin at the file's beginning.)
 */
function isHole(book: Book, { generation, file }: Came, offset: number): boolean {
  if (offset > 0 || file === '' || generation.includes('@')) return false
  return book.spans.some((span) => span.file === file && span.generation !== generation)
}

/** A file of which the hub thought that nobody will ever read on in it is read on. */
function isMistaken({ stream, assumed, after }: Gap, came: Came): boolean {
  return assumed === true && came.timeMs.length > 0 && stream === came.stream && after === came.generation
}

/** What the hub had assumed is told by an agent, which knows. */
function isAssumptionOf({ stream, assumed, after }: Gap, loss: Loss): boolean {
  return assumed === true && stream === loss.stream && after !== undefined && after === loss.after
}

/** False where all of it is known to be missing already. */
function add(account: Account, gap: Gap): boolean {
  const pieces = uncovered(gap, account.gaps)
  for (const piece of pieces) {
    bound(account, piece)
    const joined = account.gaps.find((other) => join(other, piece))
    if (!joined) account.gaps.push(piece)
  }
  while (account.gaps.length > MOST_GAPS) summarise(account)
  return pieces.length > 0
}

/** What of a gap is in none of the others. */
function uncovered(gap: Gap, others: readonly Gap[]): Gap[] {
  if (!isPlaced(gap)) return [gap]
  let left = [{ from: gap.offset, to: gap.offset + gap.bytes }]
  for (const other of others) {
    if (!isPlaced(other) || other.stream !== gap.stream || other.generation !== gap.generation) continue
    const [from, to] = [other.offset, other.offset + other.bytes]
    left = left.flatMap((piece) =>
      piece.to <= from || piece.from >= to
        ? [piece]
        : [
            { from: piece.from, to: from },
            { from: to, to: piece.to }
          ].filter((part) => part.from < part.to)
    )
  }
  return left.map(({ from, to }, i) => ({
    ...gap,
    offset: from,
    bytes: to - from,
    count: i === 0 ? gap.count : 0
  }))
}

function isPlaced(gap: Gap): gap is Gap & { generation: string; offset: number; bytes: number } {
  return (
    gap.generation !== undefined &&
    gap.offset !== undefined &&
    gap.bytes !== undefined &&
    gap.through === undefined
  )
}

/** What is known of the time before and behind it, when it is told. */
function bound(account: Account, gap: Gap): void {
  const book = account.books.get(gap.stream)
  const own = spanOf(book, gap.generation)
  const toMs = spanOf(book, gap.before)?.firstMs
  // What came last may be newer lines that were delivered first.
  const lastMs = toMs === undefined || (book?.lastMs ?? toMs) < toMs ? book?.lastMs : undefined
  const isBeginning = gap.generation === undefined && gap.after === undefined && gap.before !== undefined
  const fromMs = own?.lastMs ?? spanOf(book, gap.after)?.lastMs ?? (isBeginning ? undefined : lastMs)
  if (gap.fromMs === undefined && fromMs !== undefined) gap.fromMs = fromMs
  if (gap.toMs === undefined && toMs !== undefined && toMs >= (fromMs ?? toMs)) gap.toMs = toMs
}

/** Records came: does the gap lie before or behind them? */
function tighten(gap: Gap, came: Came, isNew: boolean): boolean {
  const { timeMs, offset } = came
  if (timeMs.length === 0) return false
  const last = timeMs.length - 1
  if (gap.generation === came.generation && gap.through === undefined && gap.offset !== undefined) {
    const behind = Array.prototype.findIndex.call(offset, (place: number) => place >= (gap.offset ?? 0))
    const before = behind < 0 ? last : behind - 1
    const fromMs = before < 0 ? gap.fromMs : timeMs[before]
    const toMs = gap.toMs ?? (behind < 0 ? undefined : timeMs[behind])
    return move(gap, fromMs, toMs)
  }
  if (gap.before === came.generation) return move(gap, gap.fromMs, gap.toMs ?? timeMs[0])
  if (gap.after === came.generation && gap.generation === undefined) return move(gap, timeMs[last], gap.toMs)
  const isNext = isNew && gap.before === undefined && gap.toMs === undefined
  const nextMs = timeMs[0] ?? 0
  return isNext && nextMs >= (gap.fromMs ?? nextMs) ? move(gap, gap.fromMs, nextMs) : false
}

function move(gap: Gap, fromMs: number | undefined, toMs: number | undefined): boolean {
  if (gap.fromMs === fromMs && gap.toMs === toMs) return false
  if (fromMs !== undefined) gap.fromMs = fromMs
  if (toMs !== undefined) gap.toMs = toMs
  return true
}

/** True where `next` went on where `gap` ends, and now belongs to it. */
function join(gap: Gap, next: Gap): boolean {
  if (gap.stream !== next.stream || gap.cause !== next.cause) return false
  if (isPlaced(gap) && isPlaced(next) && gap.generation === next.generation) {
    const follows = gap.offset + gap.bytes === next.offset
    const precedes = next.offset + next.bytes === gap.offset
    if (!follows && !precedes) return false
    if (precedes) gap.offset = next.offset
    const [fromMs, toMs] = precedes
      ? [next.fromMs, gap.toMs ?? next.toMs]
      : [gap.fromMs, next.toMs ?? gap.toMs]
    gap.bytes += next.bytes
    move(gap, fromMs, toMs)
    return true
  }
  const newest = gap.through ?? gap.generation
  // Zeros may have records behind them in their file.
  if (gap.cause === 'nul' || newest === undefined || next.generation === undefined) return false
  if (next.offset !== 0 || (gap.before !== next.generation && next.after !== newest)) return false
  gap.through = next.generation
  gap.count += next.count
  if (gap.bytes === undefined || next.bytes === undefined || next.more) gap.more = true
  if (gap.bytes !== undefined || next.bytes !== undefined) gap.bytes = (gap.bytes ?? 0) + (next.bytes ?? 0)
  if (next.before === undefined) delete gap.before
  else gap.before = next.before
  if (next.toMs === undefined) delete gap.toMs
  else gap.toMs = next.toMs
  return true
}

function summarise(account: Account): void {
  const gap = account.gaps.shift()
  if (!gap) return
  const { fromMs, toMs } = rangeOf(gap)
  const old = account.earlier
  account.earlier = {
    count: (old?.count ?? 0) + gap.count,
    bytes: (old?.bytes ?? 0) + (gap.bytes ?? 0),
    unknown: (old?.unknown ?? 0) + (gap.bytes === undefined ? 1 : 0),
    fromMs: Math.min(old?.fromMs ?? fromMs, fromMs),
    toMs: Math.max(old?.toMs ?? toMs, toMs)
  }
}
