/**
 * The query language (docs/query.md). Pure and without imports from Node: hub and page both use this module.
 * This first form fixes the tree; parse() follows.
 */

/** Where a term stands in the text it was parsed from: UTF-16 offsets, `to` exclusive. */
export interface Span {
  from: number
  to: number
}

/** A run of words as they must stand side by side, in lower case. */
export interface WordRun {
  words: string[]
  /** The last word is only the beginning of a word: `time*`. */
  prefix: boolean
}

export type Comparison = '=' | '<' | '<=' | '>' | '>='

export type FieldTest =
  /** The value's words hold this run. For built-in names: the value equals `text`, any case. */
  | { kind: 'words'; text: string; run: WordRun }
  /** A built-in name with `*`, or any field with a `*` that is not at the end. */
  | { kind: 'glob'; pattern: string }
  | { kind: 'compare'; operator: Comparison; value: string }
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
