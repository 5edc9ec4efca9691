/**
 * Which files are meant by `/app/logs/*.log`: patterns as a shell has them, matched name by name on the way down, so
 * that only folders are entered in which something may match. Pure.
 *
 * | | matches |
 * |---|---|
 * | `*` | any text within one name; not a dot at its beginning |
 * | `?` | one character; not a dot at the beginning |
 * | `[a-z]`, `[!0-9]` | one character of these, or none of these |
 * | `**` | any folders in between, also none; not those whose names begin with a dot |
 * | `{a,b}` | either |
 * | `\` | the next character as it stands |
 *
 * Patterns come with images that anybody may have made, so matching takes no longer than pattern × name: regular
 * expressions, as the usual libraries make them, can be led to run for hours.
 */
export interface Glob {
  /** As it was written. */
  pattern: string
  names: readonly Name[]
}

export interface BadPattern {
  pattern: string
  why: string
}

export interface Globs {
  globs: Glob[]
  bad: BadPattern[]
}

type Name = { kind: 'folders' } | { kind: 'name'; tokens: readonly Token[]; literal: string | undefined }

type Token =
  | { kind: 'text'; character: string }
  | { kind: 'one' }
  | { kind: 'many' }
  | { kind: 'of'; not: boolean; ranges: readonly (readonly [string, string])[] }

const MAX_PATTERNS = 100
const MAX_PATTERN_CHARACTERS = 1024
/** `{a,b}{c,d}` are four. */
const MAX_ALTERNATIVES = 64
/** `**` and names on the way. */
const MAX_NAMES = 64

/** Several patterns, apart by commas (outside braces), blanks or newlines. */
export function readGlobs(text: string): Globs {
  const patterns = partsOf(text)
  const globs: Glob[] = []
  const bad: BadPattern[] = []
  for (const pattern of patterns.slice(0, MAX_PATTERNS)) {
    const made = globOf(pattern)
    if (typeof made === 'string') bad.push({ pattern: pattern.slice(0, 200), why: made })
    else globs.push(...made)
  }
  const left = patterns.length - MAX_PATTERNS
  if (left > 0) bad.push({ pattern: `${left} more`, why: `at most ${MAX_PATTERNS} patterns count` })
  return { globs, bad }
}

/** Where in its patterns a walk stands: in each, how many of its names are behind. */
export type Stand = readonly { glob: Glob; at: number }[]

export function begin(globs: readonly Glob[]): Stand {
  return spread(globs.map((glob) => ({ glob, at: 0 })))
}

/** One name further; empty where nothing below can match. */
export function enter(stand: Stand, name: string): Stand {
  const next = stand.flatMap(({ glob, at }) => {
    const step = glob.names[at]
    if (!step) return []
    if (step.kind === 'folders') return name.startsWith('.') ? [] : [{ glob, at }]
    return matchesName(step, name) ? [{ glob, at: at + 1 }] : []
  })
  return spread(next)
}

/** Whether the way so far is one of the files that are meant. */
export function isMeant(stand: Stand): boolean {
  return stand.some(({ glob, at }) => at === glob.names.length)
}

/** The names that may come next, where nothing but these can match; undefined: any. */
export function nextNames(stand: Stand): string[] | undefined {
  const names = new Set<string>()
  for (const { glob, at } of stand) {
    const step = glob.names[at]
    if (!step) continue
    if (step.kind === 'folders' || step.literal === undefined) return undefined
    names.add(step.literal)
  }
  return [...names]
}

/** Whether a path is meant by one of the patterns. */
export function matches(globs: readonly Glob[], path: string): boolean {
  let stand = begin(globs)
  for (const name of path.split('/').slice(1)) stand = enter(stand, name)
  return isMeant(stand)
}

/** `**` may stand for no folder at all. Two ways to the same place count once. */
function spread(stand: Stand): Stand {
  const found = new Map<Glob, Set<number>>()
  const add = (glob: Glob, at: number) => {
    const places = found.get(glob) ?? new Set<number>()
    found.set(glob, places)
    if (places.has(at)) return
    places.add(at)
    if (glob.names[at]?.kind === 'folders') add(glob, at + 1)
  }
  for (const { glob, at } of stand) add(glob, at)
  return [...found].flatMap(([glob, places]) => [...places].map((at) => ({ glob, at })))
}

function partsOf(text: string): string[] {
  const parts: string[] = []
  let part = ''
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? ''
    if (character === '\\') {
      part += character + (text[++at] ?? '')
      continue
    }
    if (character === '{') depth++
    if (character === '}') depth = Math.max(0, depth - 1)
    if (/[\s]/.test(character) || (character === ',' && depth === 0)) {
      parts.push(part)
      part = ''
      depth = 0
    } else part += character
  }
  return [...parts, part].filter((one) => one !== '')
}

/** A text says what is wrong with it. */
function globOf(pattern: string): Glob[] | string {
  if (pattern.length > MAX_PATTERN_CHARACTERS) return `is longer than ${MAX_PATTERN_CHARACTERS} characters`
  if (pattern.includes('\0')) return 'holds a NUL character'
  const plain = alternatives(pattern)
  if (typeof plain === 'string') return plain
  const globs: Glob[] = []
  for (const one of plain) {
    if (!one.startsWith('/')) return 'does not begin with "/": name the files by their whole path'
    const names: Name[] = []
    for (const text of one.split('/').slice(1)) {
      const name = nameOf(text)
      if (typeof name === 'string') return name
      if (name.kind === 'folders' && names.at(-1)?.kind === 'folders') continue
      names.push(name)
    }
    if (names.length > MAX_NAMES) return `has more than ${MAX_NAMES} names`
    // "**" at the end means every file below.
    if (names.at(-1)?.kind === 'folders') {
      names.push({ kind: 'name', tokens: [{ kind: 'many' }], literal: undefined })
    }
    globs.push({ pattern, names })
  }
  return globs
}

/** The pattern without braces, as often as they offer a choice. `{a}` and `{}` stand for themselves. */
function alternatives(pattern: string): string[] | string {
  const done: string[] = []
  const open = [pattern]
  for (let one = open.shift(); one !== undefined; one = open.shift()) {
    const found = firstBraces(one)
    if (found === 'unclosed') return 'has a "{" without its "}"; write "\\{" for the character itself'
    if (!found) {
      done.push(one)
      continue
    }
    const { from, to, choices } = found
    for (const choice of choices) open.push(one.slice(0, from) + choice + one.slice(to))
    if (open.length + done.length > MAX_ALTERNATIVES)
      return `means more than ${MAX_ALTERNATIVES} patterns by its braces`
  }
  return done
}

function firstBraces(text: string): { from: number; to: number; choices: string[] } | 'unclosed' | undefined {
  for (let from = 0; from < text.length; from++) {
    if (text[from] === '\\') from++
    else if (text[from] === '[') from = Math.max(from, endOfSet(text, from))
    else if (text[from] === '{') {
      const choices = choicesIn(text, from)
      if (!choices) return 'unclosed'
      if (choices.parts.length > 1) return { from, to: choices.to, choices: choices.parts }
      // Without a comma they mean themselves, but what they hold counts.
      if (choices.parts[0]?.includes('{')) continue
      from = choices.to - 1
    }
  }
  return undefined
}

function choicesIn(text: string, from: number): { to: number; parts: string[] } | undefined {
  const parts: string[] = []
  let depth = 0
  let start = from + 1
  for (let at = from; at < text.length; at++) {
    const character = text[at]
    if (character === '\\') at++
    else if (character === '{') depth++
    else if (character === ',' && depth === 1) {
      parts.push(text.slice(start, at))
      start = at + 1
    } else if (character === '}' && --depth === 0) {
      parts.push(text.slice(start, at))
      return { to: at + 1, parts }
    }
  }
  return undefined
}

function nameOf(text: string): Name | string {
  if (text === '**') return { kind: 'folders' }
  if (text === '') return 'has an empty name between two "/"'
  if (text === '.' || text === '..') return `has "${text}" in it: write the path without`
  const tokens: Token[] = []
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? ''
    if (character === '\\') {
      const next = text[++at]
      if (next === undefined) return 'ends with "\\"'
      tokens.push({ kind: 'text', character: next })
    } else if (character === '?') tokens.push({ kind: 'one' })
    else if (character === '*') {
      if (tokens.at(-1)?.kind !== 'many') tokens.push({ kind: 'many' })
    } else if (character === '[') {
      const end = endOfSet(text, at)
      if (end < 0) return 'has a "[" without its "]"; write "\\[" for the character itself'
      tokens.push(setOf(text.slice(at + 1, end)))
      at = end
    } else tokens.push({ kind: 'text', character })
  }
  const literal = tokens.every((token) => token.kind === 'text')
    ? tokens.map((token) => (token.kind === 'text' ? token.character : '')).join('')
    : undefined
  return { kind: 'name', tokens, literal }
}

/** Where the set that begins here ends; a "]" right at its beginning belongs to it. -1: nowhere in this name. */
function endOfSet(text: string, from: number): number {
  let at = from + 1
  if (text[at] === '!' || text[at] === '^') at++
  if (text[at] === ']') at++
  for (; at < text.length && text[at] !== '/'; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === ']') return at
  }
  return -1
}

function setOf(text: string): Token {
  const not = text.startsWith('!') || text.startsWith('^')
  const characters: { character: string; plain: boolean }[] = []
  for (let at = not ? 1 : 0; at < text.length; at++) {
    const escaped = text[at] === '\\' && at + 1 < text.length
    if (escaped) at++
    characters.push({ character: text[at] ?? '', plain: !escaped })
  }
  const ranges: [string, string][] = []
  for (let at = 0; at < characters.length; at++) {
    const first = characters[at]?.character ?? ''
    const dash = characters[at + 1]
    const last = characters[at + 2]
    if (dash?.character === '-' && dash.plain && last) {
      ranges.push([first, last.character])
      at += 2
    } else ranges.push([first, first])
  }
  return { kind: 'of', not, ranges }
}

/** Goes back to the last `*` only, which is always enough. */
function matchesName({ tokens, literal }: Extract<Name, { kind: 'name' }>, name: string): boolean {
  if (literal !== undefined) return literal === name
  if (name.startsWith('.') && tokens[0]?.kind !== 'text') return false
  let token = 0
  let at = 0
  let star: { token: number; at: number } | undefined
  while (at < name.length) {
    const wanted = tokens[token]
    if (wanted?.kind === 'many') {
      star = { token: ++token, at }
    } else if (wanted && fits(wanted, name[at] ?? '')) {
      token++
      at++
    } else if (star) {
      token = star.token
      at = ++star.at
    } else return false
  }
  while (tokens[token]?.kind === 'many') token++
  return token === tokens.length
}

function fits(token: Token, character: string): boolean {
  if (token.kind === 'text') return token.character === character
  if (token.kind !== 'of') return true
  return token.ranges.some(([from, to]) => character >= from && character <= to) !== token.not
}
