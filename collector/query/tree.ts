/** What a query is, once it is parsed. */
import type { WordRun } from './words.ts'

export type { WordRun } from './words.ts'

/** Where a term stands in the text it was parsed from: UTF-16 offsets, `to` exclusive. */
export interface Span {
  from: number
  to: number
}

/** `=` compares the whole value, any case. */
export type Comparison = '=' | '<' | '<=' | '>' | '>='

export type FieldTest =
  /**
   * The value's words hold this run. For built-in names: the value equals `text`, any case. A text without any
   * words (`"=>"`, `"🔥"`) must stand in the value as it is; an empty one is an empty value.
   */
  | { kind: 'words'; text: string; run: WordRun }
  /** A built-in name with `*`, or any field with a `*` that is not at the end: the whole value, any case. */
  | { kind: 'glob'; pattern: string }
  | { kind: 'compare'; operator: Comparison; value: string }
  /** An end that is '*' is open. */
  | { kind: 'range'; from: string; to: string; includeFrom: boolean; includeTo: boolean }
  | { kind: 'regex'; source: string; flags: string }
  /** `field:*` */
  | { kind: 'exists' }

export type Expression =
  | { kind: 'all' }
  | { kind: 'and'; items: Expression[] }
  | { kind: 'or'; items: Expression[] }
  | { kind: 'not'; item: Expression; at: Span }
  | { kind: 'text'; run: WordRun; at: Span }
  | { kind: 'regex'; source: string; flags: string; at: Span }
  | { kind: 'field'; name: string; test: FieldTest; at: Span }
