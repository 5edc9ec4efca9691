import { ledgerEn } from '../words/ledger.en.ts'
import { ledgerZh } from '../words/ledger.zh.ts'
import { type Say as SayOf, usePart } from '../words/part.ts'

/** Says what is missing, in the language that the page speaks. */
export type Say = SayOf<typeof ledgerEn>

export function useSay() {
  return usePart(ledgerEn, ledgerZh)
}
