/** What is remembered of a stream to say where a gap in it lies: the first and the last record of its newest files. */

export interface Span {
  generation: string
  file: string
  /** Times of its first and its last record, as the records say them; absent while it has none. */
  firstMs?: number
  lastMs?: number
  /** Nothing follows in it. */
  ended?: true
}

export interface Book {
  /** Records and bytes that came, for the mean length of a record. */
  records: number
  bytes: number
  /** Time of the record that came last. */
  lastMs?: number
  /** In the order in which they were first heard of. */
  spans: Span[]
}

/** Generations of one stream that are remembered, and how many of them outlive the hub. */
const MOST_SPANS = 64
const KEPT_SPANS = 4

export function newBook(): Book {
  return { records: 0, bytes: 0, spans: [] }
}

export function spanOf(book: Book | undefined, generation: string | undefined): Span | undefined {
  return generation === undefined ? undefined : book?.spans.findLast((span) => span.generation === generation)
}

/** Takes records in that came of a generation, in their order. True where these are its first. */
export function write(
  book: Book,
  came: { generation: string; file: string; ended: boolean; bytes: number; timeMs: ArrayLike<number> }
): boolean {
  let span = spanOf(book, came.generation)
  if (!span) {
    span = { generation: came.generation, file: came.file }
    book.spans.push(span)
    if (book.spans.length > MOST_SPANS) book.spans.shift()
  }
  const isNew = span.firstMs === undefined
  span.file = came.file || span.file
  if (came.ended) span.ended = true
  const { length } = came.timeMs
  const [firstMs, lastMs] = [came.timeMs[0], came.timeMs[length - 1]]
  if (firstMs !== undefined && lastMs !== undefined) {
    span.firstMs ??= firstMs
    span.lastMs = lastMs
    book.lastMs = lastMs
  }
  book.records += length
  book.bytes += came.bytes
  return isNew
}

/** How many lines so many bytes of this stream are about; undefined while it has none to compare with. */
export function aboutLines(book: Book | undefined, bytes: number): number | undefined {
  if (!book || book.records === 0 || book.bytes === 0) return undefined
  return bytes === 0 ? 0 : Math.max(1, Math.round((bytes * book.records) / book.bytes))
}

/** The part that outlives the hub. */
export function keptBook(book: Book): Book {
  return { ...book, spans: book.spans.slice(-KEPT_SPANS) }
}
