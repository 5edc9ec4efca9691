/** What a term about a built-in name asks, told apart by what decides it: matcher and plan read the same. */
import { LEVELS, type LogRecord, type Origin, OUTPUTS, placeOf } from '../record.ts'
import { type BuiltIn, levelOf } from './builtin.ts'
import type { FieldTest } from './tree.ts'
import { type ValueTest, wholeTest } from './value.ts'
import { fold } from './words.ts'

export type Condition =
  | { kind: 'origin'; holds: (origin: Origin) => boolean }
  /** Bit i stands for LEVELS[i]. */
  | { kind: 'level'; mask: number }
  /** Bit i stands for OUTPUTS[i]. */
  | { kind: 'output'; mask: number }
  /** Needs the whole record; `origin` is what must hold for its origin at least. */
  | { kind: 'record'; holds: (record: LogRecord) => boolean; origin: (origin: Origin) => boolean }

export const ALL_LEVELS = (1 << LEVELS.length) - 1
export const ALL_OUTPUTS = (1 << OUTPUTS.length) - 1

/** Shorter texts name a container only as a whole: a name like `db` is also the beginning of many ids. */
const SHORTEST_CONTAINER_ID = 6

export function conditionOf(name: BuiltIn, test: FieldTest): Condition {
  const holds = wholeTest(test)
  switch (name) {
    case 'app':
    case 'environment':
    case 'image':
      return { kind: 'origin', holds: (origin) => holds(origin[name]) }
    case 'host':
      return { kind: 'origin', holds: (origin) => holds(origin.hostName) || holds(origin.host) }
    case 'instance': {
      const begins = beginning(test, 1)
      return { kind: 'origin', holds: (origin) => holds(origin.instance) || begins(origin.instance) }
    }
    case 'container': {
      const begins = beginning(test, SHORTEST_CONTAINER_ID)
      return {
        kind: 'origin',
        holds: ({ container, containerName }) => holds(containerName) || holds(container) || begins(container)
      }
    }
    case 'level':
      return { kind: 'level', mask: maskOf(LEVELS, levelTest(test, holds)) }
    case 'output':
      return outputCondition(test, holds)
    case 'id':
      return { kind: 'record', holds: (record) => holds(record.id), origin: originOfId(test) }
    default:
      return name satisfies never
  }
}

function beginning(test: FieldTest, shortest: number): ValueTest {
  if (test.kind !== 'words' || test.text.length < shortest) return () => false
  const text = fold(test.text)
  return (value) => fold(value).startsWith(text)
}

function maskOf<T>(values: readonly T[], holds: (value: T, index: number) => boolean): number {
  return values.reduce((mask, value, index) => (holds(value, index) ? mask | (1 << index) : mask), 0)
}

/** Levels have an order, from unknown up to fatal, and other names. */
function levelTest(test: FieldTest, holds: ValueTest): (level: string, index: number) => boolean {
  switch (test.kind) {
    case 'words': {
      const asked = levelOf(test.text)
      return (_level, index) => index === asked
    }
    case 'compare': {
      const asked = levelOf(test.value)
      if (asked === undefined) return () => false
      const inner = wholeTest({ ...test, value: String(asked) })
      return (_level, index) => inner(String(index))
    }
    case 'range': {
      const from = test.from === '*' ? 0 : levelOf(test.from)
      const to = test.to === '*' ? LEVELS.length - 1 : levelOf(test.to)
      if (from === undefined || to === undefined) return () => false
      const inner = wholeTest({ ...test, from: String(from), to: String(to) })
      return (_level, index) => inner(String(index))
    }
    case 'exists':
      return (_level, index) => index > 0
    default:
      return holds
  }
}

/** `stdout` and `stderr` mean the output; any other value the name of the stream. */
function outputCondition(test: FieldTest, holds: ValueTest): Condition {
  if (test.kind === 'exists') return { kind: 'output', mask: maskOf(OUTPUTS, holds) }
  const asked = test.kind === 'words' ? test.text : test.kind === 'compare' ? test.value : undefined
  if (asked === undefined || (test.kind === 'compare' && test.operator !== '=')) {
    return {
      kind: 'record',
      holds: (record) => holds(record.output) || isStream(record.origin, holds),
      origin: () => true
    }
  }
  const mask = maskOf(OUTPUTS, holds)
  if (mask > 0) return { kind: 'output', mask }
  return { kind: 'origin', holds: (origin) => isStream(origin, holds) }
}

/** A file is called by its path, with or without what the protocol puts in front. */
function isStream({ stream }: Origin, holds: ValueTest): boolean {
  return holds(stream) || (stream.startsWith('file:') && holds(stream.slice('file:'.length)))
}

function originOfId(test: FieldTest): (origin: Origin) => boolean {
  if (test.kind !== 'words') return () => true
  const place = placeOf(fold(test.text))
  if (!place) return () => false
  return (origin) => origin.instance === place.instance && origin.streamNumber === place.streamNumber
}
