/** What the strip draws: parts of the range, each with what is to be said of it. */
import type { CompletenessAnswer, GapJson } from '../../server/api/completeness.ts'

export interface Segment {
  kind: 'complete' | 'unknown' | 'past' | 'behind' | 'gap'
  /** 0 … 1 of the range. */
  from: number
  to: number
  /** Of a gap; more than one where they stand too close to be told apart. */
  gaps: GapJson[]
}

/** @param apart Smallest width of a gap and distance of two, as a part of the range. */
export function segmentsOf(
  answer: CompletenessAnswer,
  fromMs: number,
  toMs: number,
  apart: number
): Segment[] {
  const at = (ms: number) => Math.max(0, Math.min(1, (ms - fromMs) / Math.max(1, toMs - fromMs)))
  const begin = answer.since === undefined ? 0 : at(Date.parse(answer.since))
  const until = Math.min(1, ...answer.behind.map((host) => at(Date.parse(host.until))))
  const isBlind = answer.notes.some(({ blind }) => blind)
  const base: Segment[] = [
    { kind: 'past', from: 0, to: begin, gaps: [] },
    { kind: isBlind ? 'unknown' : 'complete', from: begin, to: Math.max(begin, until), gaps: [] },
    { kind: 'behind', from: Math.max(begin, until), to: 1, gaps: [] }
  ]
  const gaps: Segment[] = []
  for (const gap of answer.gaps) {
    const [from, to] = rangeOf(gap).map(at) as [number, number]
    const last = gaps.at(-1)
    if (last && from - last.to < apart) {
      last.gaps.push(gap)
      last.to = Math.max(last.to, to)
    } else gaps.push({ kind: 'gap', from, to: Math.max(to, from + apart / 2), gaps: [gap] })
  }
  return [...base.filter(({ from, to }) => to > from), ...gaps.map(within)]
}

/** When a gap happened, as far as that is known, in ms. */
export function rangeOf({ from, to, told }: GapJson): [fromMs: number, toMs: number] {
  const fromMs = Date.parse(from ?? to ?? told)
  return [fromMs, Math.max(fromMs, Date.parse(to ?? told))]
}

function within(segment: Segment): Segment {
  const over = Math.max(0, segment.to - 1)
  return { ...segment, from: Math.max(0, segment.from - over), to: segment.to - over }
}
