/** What is other in one definition than in another: by the place in it, and as lines that people read. */
import { isDeepStrictEqual } from 'node:util'
import { type Static, Type } from 'typebox'
import { isWords, type Words } from './overlay.ts'
import { type Path, pathText } from './shape.ts'

export const DefinitionChange = Type.Object({
  /** `env.LOG_LEVEL`, `volumes[0].target` */
  path: Type.String(),
  kind: Type.Union([Type.Literal('added'), Type.Literal('removed'), Type.Literal('changed')]),
  /** Absent where it was added. */
  from: Type.Optional(Type.Unknown()),
  /** Absent where it was removed. */
  to: Type.Optional(Type.Unknown())
})
export type DefinitionChange = Static<typeof DefinitionChange>

const LONGEST_SHOWN = 200

/** In order of place; lists of words are compared as wholes, others entry by entry. */
export function diffOf(from: unknown, to: unknown): DefinitionChange[] {
  return [...changes(from, to, [])]
}

/** One line a change: `+` added, `-` removed, `~` changed. */
export function diffText(diff: readonly DefinitionChange[]): string {
  return diff.map((change) => `${lineOf(change)}\n`).join('')
}

function* changes(from: unknown, to: unknown, path: Path): Generator<DefinitionChange, void> {
  if (isDeepStrictEqual(from, to)) return
  if (isWords(from) && isWords(to)) yield* changesOfMaps(from, to, path)
  else if (areMaps(from) && areMaps(to)) yield* changesOfMaps({ ...from }, { ...to }, path, Number)
  else yield change(from, to, path)
}

function* changesOfMaps(
  from: Words,
  to: Words,
  path: Path,
  stepOf: (name: string) => string | number = String
): Generator<DefinitionChange, void> {
  const names = new Set([...Object.keys(from), ...Object.keys(to)])
  for (const name of [...names].sort((a, b) => compare(stepOf(a), stepOf(b)))) {
    const before = Object.hasOwn(from, name) ? from[name] : undefined
    const after = Object.hasOwn(to, name) ? to[name] : undefined
    yield* changes(before, after, [...path, stepOf(name)])
  }
}

function change(from: unknown, to: unknown, path: Path): DefinitionChange {
  const place = pathText(path)
  if (from === undefined) return { path: place, kind: 'added', to }
  return to === undefined
    ? { path: place, kind: 'removed', from }
    : { path: place, kind: 'changed', from, to }
}

function lineOf({ path, kind, from, to }: DefinitionChange): string {
  switch (kind) {
    case 'added':
      return `+ ${path}: ${shown(to)}`
    case 'removed':
      return `- ${path}: ${shown(from)}`
    case 'changed':
      return `~ ${path}: ${shown(from)} → ${shown(to)}`
    default:
      return kind satisfies never
  }
}

function areMaps(value: unknown): value is Words[] {
  return Array.isArray(value) && value.every(isWords)
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : Number(a > b)
}

function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text
}
