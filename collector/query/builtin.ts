/** Names that every record has a value for, and the names of levels. */
import { LEVELS } from '../record.ts'

export const BUILT_IN = [
  'app',
  'environment',
  'host',
  'instance',
  'container',
  'image',
  'level',
  'output',
  'id'
] as const
export type BuiltIn = (typeof BUILT_IN)[number]

const ALIASES: ReadonlyMap<string, BuiltIn> = new Map([
  ...BUILT_IN.map((name) => [name, name] as const),
  ['env', 'environment'],
  ['stream', 'output']
])

/** Every name that a built-in goes by. */
export const BUILT_IN_NAMES: readonly string[] = [...ALIASES.keys()]

/** The built-in that a name of the query means; undefined for a field parsed out of the line. */
export function builtInOf(name: string): BuiltIn | undefined {
  return ALIASES.get(name)
}

/** Begins the name of a parsed field, where a built-in of the same name would be meant: `fields.level`. */
export const PARSED = 'fields.'

const LEVEL_ALIASES: ReadonlyMap<string, string> = new Map([
  ['none', 'unknown'],
  ['trc', 'trace'],
  ['verbose', 'trace'],
  ['dbg', 'debug'],
  ['inf', 'info'],
  ['information', 'info'],
  ['informational', 'info'],
  ['notice', 'info'],
  ['warning', 'warn'],
  ['wrn', 'warn'],
  ['err', 'error'],
  ['severe', 'error'],
  ['crit', 'fatal'],
  ['critical', 'fatal'],
  ['alert', 'fatal'],
  ['emerg', 'fatal'],
  ['emergency', 'fatal'],
  ['panic', 'fatal'],
  ['ftl', 'fatal']
])

/** Every name that a level goes by. */
export const LEVEL_NAMES: readonly string[] = [...LEVELS, ...LEVEL_ALIASES.keys()]

/** Index into LEVELS of a level's name, any case, aliases included; undefined where it names none. */
export function levelOf(name: string): number | undefined {
  const lower = name.toLowerCase()
  const index = (LEVELS as readonly string[]).indexOf(LEVEL_ALIASES.get(lower) ?? lower)
  return index < 0 ? undefined : index
}
