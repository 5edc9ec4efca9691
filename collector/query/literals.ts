/**
 * ASCII texts that a regular expression cannot match without. Reads only what it is sure of: anything unusual
 * ends a literal, anything unknown gives up on the whole expression.
 */

/**
 * Clauses of literals in lower case: of each clause at least one stands, in any case, in whatever the expression
 * matches. Empty where nothing is certain.
 */
export function literalsOf(source: string, flags: string): string[][] {
  const reader: Reader = { source, at: 0, foreignFolding: flags.includes('i') && /[uv]/.test(flags) }
  const clauses = alternatives(reader, 0)
  return clauses && reader.at === source.length ? clauses.slice(0, CLAUSES) : []
}

interface Reader {
  source: string
  at: number
  /** With flags `iu` also K (Kelvin) matches k and ſ matches s: neither letter is certain. */
  foreignFolding: boolean
}

const DEPTH = 64
/** More clauses than this prune no better. */
const CLAUSES = 32
/** Escapes that stand for one character of a class, or for a control character. */
const CLASS_ESCAPES = 'dDwWsStnrfv'

/** Reads up to a closing bracket or the end. Undefined: give up. */
function alternatives(reader: Reader, depth: number): string[][] | undefined {
  if (depth > DEPTH) return undefined
  const branches: string[][][] = []
  do {
    const clauses = sequence(reader, depth)
    if (!clauses) return undefined
    branches.push(clauses)
  } while (reader.source[reader.at] === '|' && ++reader.at)
  const [first = []] = branches
  if (branches.length === 1) return first
  const united: string[] = []
  for (const clauses of branches) {
    const best = clauses.toSorted((a, b) => shortest(b) - shortest(a))[0]
    if (!best) return []
    united.push(...best)
  }
  return united.length <= CLAUSES ? [united] : []
}

function shortest(clause: string[]): number {
  return Math.min(...clause.map((literal) => literal.length))
}

/** One branch: literals and groups one behind the other. */
function sequence(reader: Reader, depth: number): string[][] | undefined {
  const clauses: string[][] = []
  let literal = ''
  const endLiteral = () => {
    if (literal !== '') clauses.push([literal.toLowerCase()])
    literal = ''
  }
  while (reader.at < reader.source.length) {
    const next = reader.source[reader.at] ?? ''
    if (next === '|' || next === ')') break
    const atom = readAtom(reader, depth)
    if (!atom) return undefined
    const repeat = readRepeat(reader)
    if (!repeat) return undefined
    if (atom.kind === 'character' && repeat === 'once') {
      literal += atom.text
      continue
    }
    if (atom.kind === 'character' && repeat === 'more') literal += atom.text
    endLiteral()
    if (atom.kind === 'group' && repeat !== 'maybe') clauses.push(...atom.clauses)
  }
  endLiteral()
  return clauses
}

type Atom = { kind: 'character'; text: string } | { kind: 'group'; clauses: string[][] } | { kind: 'other' }

function readAtom(reader: Reader, depth: number): Atom | undefined {
  const character = reader.source[reader.at] ?? ''
  reader.at++
  switch (character) {
    case '(':
      return readGroup(reader, depth)
    case '[':
      return skipClass(reader) ? { kind: 'other' } : undefined
    case '\\':
      return readEscape(reader)
    case '.':
    case '^':
    case '$':
      return { kind: 'other' }
    case '*':
    case '+':
    case '?':
    case '{':
    case '}':
    case ']':
      return undefined
    default:
      return characterAtom(reader, character)
  }
}

function characterAtom(reader: Reader, character: string): Atom {
  const certain = /^[ -~]$/.test(character) && !(reader.foreignFolding && /[ks]/i.test(character))
  return certain ? { kind: 'character', text: character } : { kind: 'other' }
}

function readEscape(reader: Reader): Atom | undefined {
  const escaped = reader.source[reader.at] ?? ''
  reader.at++
  if (escaped === '') return undefined
  if (CLASS_ESCAPES.includes(escaped) || escaped === 'b' || escaped === 'B') return { kind: 'other' }
  // \x41, \u0041, \1, \k<name>, \p{L}, \cA and the like take characters that follow
  return /\w/.test(escaped) ? undefined : characterAtom(reader, escaped)
}

function readGroup(reader: Reader, depth: number): Atom | undefined {
  const opening = /^\?(?::|=|!|<=|<!|<\w+>)/.exec(reader.source.slice(reader.at, reader.at + 64))?.[0] ?? ''
  if (opening === '' && reader.source[reader.at] === '?') return undefined
  reader.at += opening.length
  const clauses = alternatives(reader, depth + 1)
  if (!clauses || reader.source[reader.at] !== ')') return undefined
  reader.at++
  const isCertain = opening === '' || opening === '?:' || /^\?<\w/.test(opening)
  return isCertain ? { kind: 'group', clauses } : { kind: 'other' }
}

function skipClass(reader: Reader): boolean {
  while (reader.at < reader.source.length) {
    const character = reader.source[reader.at]
    reader.at += character === '\\' ? 2 : 1
    if (character === ']') return true
  }
  return false
}

/** The quantifier behind an atom: `maybe` may also be none. */
function readRepeat(reader: Reader): 'once' | 'more' | 'maybe' | undefined {
  const rest = reader.source.slice(reader.at, reader.at + 32)
  const quantifier = /^(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/.exec(rest)
  if (!quantifier) return rest.startsWith('{') ? undefined : 'once'
  reader.at += quantifier[0].length
  if (quantifier[0].startsWith('+')) return 'more'
  return Number(quantifier[1] ?? 0) > 0 ? 'more' : 'maybe'
}
