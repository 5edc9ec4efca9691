/** Where the query and the find box hit a text. */
export interface Mark {
  from: number
  to: number
  kind: 'hit' | 'found' | 'current'
}

/** More marks than this in one line are of no use to anybody. */
const MOST_MARKS = 500

/** Every place of `needle`, any case. */
export function foundIn(text: string, needle: string): Mark[] {
  if (needle === '') return []
  const marks: Mark[] = []
  const low = text.toLowerCase()
  // lower case may be longer than the text (İ): then places would be wrong, so the text is searched as it is
  const [hay, straw] = low.length === text.length ? [low, needle.toLowerCase()] : [text, needle]
  for (
    let at = hay.indexOf(straw);
    at >= 0 && marks.length < MOST_MARKS;
    at = hay.indexOf(straw, at + straw.length)
  ) {
    marks.push({ from: at, to: at + straw.length, kind: 'found' })
  }
  return marks
}

export interface Piece<Style> {
  from: number
  to: number
  style: Style | undefined
  mark: Mark['kind'] | undefined
}

/** Cuts a text where style or mark changes. Where marks overlap, the later kind of them is shown. */
export function pieces<Style>(
  from: number,
  to: number,
  runs: readonly { from: number; to: number; style: Style }[],
  marks: readonly Mark[]
): Piece<Style>[] {
  const edges = new Set([from, to])
  for (const span of [...runs, ...marks]) {
    if (span.from > from && span.from < to) edges.add(span.from)
    if (span.to > from && span.to < to) edges.add(span.to)
  }
  const sorted = [...edges].sort((a, b) => a - b)
  const made: Piece<Style>[] = []
  for (let i = 0; i + 1 < sorted.length; i++) {
    const start = sorted[i] ?? 0
    const end = sorted[i + 1] ?? 0
    const style = runs.find((run) => run.from <= start && run.to >= end)?.style
    const mark = marks.findLast((candidate) => candidate.from <= start && candidate.to >= end)?.kind
    made.push({ from: start, to: end, style, mark })
  }
  return made
}
