import { marksEn } from '../words/marks.en.ts'
import { marksZh } from '../words/marks.zh.ts'
import { type Say as SayOf, usePart } from '../words/part.ts'

/** Says what a deploy is called, and how it stands. */
export type SayMark = SayOf<typeof marksEn>

export function useSayMark() {
  return usePart(marksEn, marksZh)
}
