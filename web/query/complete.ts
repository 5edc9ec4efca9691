import type { Place } from '../../collector/query/grammar.ts'
import type { SavedQuery } from './saved.ts'

export type OptionKind = 'builtin' | 'field' | 'operator' | 'value' | 'recent' | 'saved'

/** One line of the list below the box. */
export interface Option {
  kind: OptionKind
  /** What is shown, and compared with what is typed. */
  label: string
  /** What takes the place of what is typed. */
  insert: string
  /** Lines that have it. */
  count?: number
  /** Behind it something else is typed at once: the list opens again. */
  more?: boolean
}

export interface Known {
  builtIn: readonly string[]
  /** Names of parsed fields, most frequent first. */
  fields: readonly { name: string; count: number }[]
  recent: readonly string[]
  saved: readonly SavedQuery[]
}

const LIST_LIMIT = 40
const OPERATORS = ['AND', 'OR', 'NOT'] as const
const COMPARISONS = [':', '>=', '<=', '>', '<', '!=', ':*', ':[ TO ]'] as const

/** Names, operators and whole queries that fit a word that is being typed. */
export function optionsForWord(
  place: Extract<Place, { kind: 'word' }>,
  text: string,
  known: Known
): Option[] {
  const typed = place.typed.toLowerCase()
  const names: Option[] = [
    ...known.builtIn.map(
      (name): Option => ({ kind: 'builtin', label: name, insert: `${name}:`, more: true })
    ),
    ...known.fields.map(
      ({ name, count }): Option => ({ kind: 'field', label: name, insert: `${name}:`, count, more: true })
    )
  ].filter(({ label }) => label.toLowerCase().startsWith(typed))
  const isWhole = text.trim() === place.typed.trim()
  const fits = (query: string) => isWhole && query.toLowerCase().includes(typed) && query !== text.trim()
  const saved = known.saved
    .filter(({ name, q }) => fits(q) || (isWhole && name.toLowerCase().includes(typed) && q !== text.trim()))
    .map(({ name, q }): Option => ({ kind: 'saved', label: name, insert: q }))
  const recent = known.recent.filter(fits).map((q): Option => ({ kind: 'recent', label: q, insert: q }))
  const operators = OPERATORS.filter((operator) => place.followsTerm || operator === 'NOT')
    .filter((operator) => operator.startsWith(place.typed.toUpperCase()))
    .map((operator): Option => ({ kind: 'operator', label: operator, insert: `${operator} ` }))
  return [...comparisonsFor(names, typed), ...names, ...saved, ...recent, ...operators].slice(0, LIST_LIMIT)
}

/** Values of a field with how many lines have them, most frequent first. */
export function optionsForValue(
  place: Extract<Place, { kind: 'value' }>,
  values: readonly { value: string; count: number | undefined }[]
): Option[] {
  const typed = place.typed.toLowerCase()
  return values
    .filter(({ value }) => value.toLowerCase().startsWith(typed))
    .map(
      ({ value, count }): Option => ({
        kind: 'value',
        label: value,
        insert: valueText(value),
        ...(count === undefined ? {} : { count })
      })
    )
}

/** A value as it stands behind `name:`, in quotes where it needs them. */
export function valueText(value: string): string {
  const isBare = /^[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}_@-]|\.(?!\.))*$/u.test(value)
  return isBare && !/^(?:and|or|not|to)$/i.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`
}

/** Once a name stands there in full, what can follow it. */
function comparisonsFor(names: readonly Option[], typed: string): Option[] {
  const exact = names.find(({ label }) => label.toLowerCase() === typed)
  if (!exact || typed === '') return []
  return COMPARISONS.map((operator) => ({
    kind: 'operator',
    label: `${exact.label}${operator}`,
    insert: `${exact.label}${operator}`,
    more: operator === ':'
  }))
}
