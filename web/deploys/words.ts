import { deploysEn } from '../words/deploys.en.ts'
import { deploysZh } from '../words/deploys.zh.ts'
import { type Say as SayOf, usePart } from '../words/part.ts'

/** Says what belongs to deploys, in the language that the page speaks. */
export type Say = SayOf<typeof deploysEn>

export function useSay() {
  return usePart(deploysEn, deploysZh)
}
