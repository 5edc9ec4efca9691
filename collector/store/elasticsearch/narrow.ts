/**
 * A query as the cluster can answer it: at least all that matches. Where it is `exact`, nothing else; where it is not,
 * matcher() decides over what comes.
 */
import { type BuiltIn, builtInOf, PARSED } from '../../query/builtin.ts'
import { ALL_LEVELS, ALL_OUTPUTS, conditionOf } from '../../query/condition.ts'
import { literalsOf } from '../../query/literals.ts'
import type { Expression, FieldTest, WordRun } from '../../query/tree.ts'
import { isNumber } from '../../query/value.ts'
import { fold, wordsOf } from '../../query/words.ts'
import { LEVELS, type Origin, OUTPUTS, placeOf, type RecordPlace } from '../../record.ts'
import { valueTerm } from './document.ts'
import { beginningsOf, holdingPatterns, SIZED_KEEPS, sized, tokenOf } from './tokens.ts'

export type Clause = Readonly<Record<string, unknown>>

export interface Narrowed {
  /** A clause of the cluster's query language. */
  query: Clause
  exact: boolean
}

export type Origins = ReadonlyMap<string, Origin>

const EVERYTHING: Clause = { match_all: {} }
const NOTHING: Clause = { match_none: {} }

export function narrow(where: Expression, origins: Origins): Narrowed {
  switch (where.kind) {
    case 'all':
      return { query: EVERYTHING, exact: true }
    case 'and': {
      const items = where.items.map((item) => narrow(item, origins))
      return { query: every(items.map(({ query }) => query)), exact: items.every(({ exact }) => exact) }
    }
    case 'or': {
      const items = where.items.map((item) => narrow(item, origins))
      return { query: some(items.map(({ query }) => query)), exact: items.every(({ exact }) => exact) }
    }
    case 'not': {
      const { query, exact } = narrow(where.item, origins)
      return exact ? { query: except(query), exact } : { query: EVERYTHING, exact }
    }
    case 'text':
      return textQuery(where.run)
    case 'regex':
      return { query: every(literalsOf(where.source, where.flags).map(literalQuery)), exact: false }
    case 'field':
      return fieldQuery(where.name, where.test, origins)
    default:
      return where satisfies never
  }
}

function every(clauses: readonly Clause[]): Clause {
  const told = clauses.filter((clause) => clause !== EVERYTHING)
  if (told.includes(NOTHING)) return NOTHING
  const [first = EVERYTHING] = told
  return told.length > 1 ? { bool: { filter: told } } : first
}

function some(clauses: readonly Clause[]): Clause {
  const told = clauses.filter((clause) => clause !== NOTHING)
  if (told.includes(EVERYTHING)) return EVERYTHING
  const [first = NOTHING] = told
  return told.length > 1 ? { bool: { should: told, minimum_should_match: 1 } } : first
}

function except(clause: Clause): Clause {
  if (clause === EVERYTHING) return NOTHING
  return clause === NOTHING ? EVERYTHING : { bool: { must_not: [clause] } }
}

/** The words side by side. A beginning of a word behind others is asked for anywhere. */
function textQuery({ words, prefix }: WordRun): Narrowed {
  if (words.length === 0) return { query: NOTHING, exact: true }
  const whole = prefix ? words.slice(0, -1) : words
  const clauses: Clause[] = []
  if (whole.length > 0) clauses.push({ match_phrase: { 'driftlog.words': whole.map(tokenOf).join(' ') } })
  if (!prefix) return { query: every(clauses), exact: true }
  const { beginnings, exact } = beginningsOf(words.at(-1) ?? '')
  clauses.push(some(beginnings.map((value) => ({ prefix: { 'driftlog.words': { value } } }))))
  return { query: every(clauses), exact: exact && whole.length === 0 }
}

/** Of one clause at least one literal stands somewhere in the line. */
function literalQuery(literals: readonly string[]): Clause {
  return some(literals.map(literalClause))
}

/**
 * Words that touch the literal's ends may go on beyond it, and with letters that are not ASCII; those within are whole.
 * What is joined by other characters may also be cut by escape sequences, so only the words are asked for.
 */
function literalClause(literal: string): Clause {
  const found = [...literal.matchAll(/\w+/g)]
  return every(
    found.map(({ 0: word, index }) => {
      const isWhole = index > 0 && index + word.length < literal.length
      if (isWhole) return { term: { 'driftlog.words': tokenOf(word) } }
      const within = holdingPatterns(word).map((value) => ({ wildcard: { 'driftlog.words': { value } } }))
      return some([...within, { term: { 'driftlog.long': true } }])
    })
  )
}

function fieldQuery(name: string, test: FieldTest, origins: Origins): Narrowed {
  const builtIn = builtInOf(name)
  if (!builtIn) return parsedQuery(name, test)
  const condition = conditionOf(builtIn, test)
  switch (condition.kind) {
    case 'origin':
      return { query: originQuery(condition.holds, builtIn, origins), exact: true }
    case 'level':
      return { query: maskQuery('log.level', LEVELS, condition.mask, ALL_LEVELS), exact: true }
    case 'output':
      return { query: maskQuery('driftlog.output', OUTPUTS, condition.mask, ALL_OUTPUTS), exact: true }
    case 'record': {
      const place = test.kind === 'words' ? placeOf(fold(test.text)) : undefined
      if (place) return { query: placeClause(place), exact: true }
      return { query: originQuery(condition.origin, builtIn, origins), exact: false }
    }
    default:
      return condition satisfies never
  }
}

/** The record at a place. */
export function placeClause({ instance, streamNumber, generation, offset }: RecordPlace): Clause {
  const terms = {
    'driftlog.instance': instance,
    'driftlog.stream_number': streamNumber,
    'driftlog.generation': generation,
    'log.offset': offset
  }
  return { bool: { filter: Object.entries(terms).map(([field, value]) => ({ term: { [field]: value } })) } }
}

function maskQuery(field: string, values: readonly string[], mask: number, all: number): Clause {
  if ((mask & all) === all) return EVERYTHING
  const held = values.filter((_value, index) => ((mask >> index) & 1) === 1)
  return held.length === 0 ? NOTHING : { terms: { [field]: held } }
}

type Facet = readonly [field: string, of: (origin: Origin) => string]

/** Fields of documents by which origins can be told apart; those with the fewest values first. */
const FACETS: readonly Facet[] = [
  ['service.environment', ({ environment }) => environment],
  ['service.name', ({ app }) => app],
  ['container.image.name', ({ image }) => image],
  ['host.name', ({ hostName }) => hostName],
  ['host.id', ({ host }) => host],
  ['driftlog.stream', ({ stream }) => stream],
  ['container.name', ({ containerName }) => containerName],
  ['driftlog.instance', ({ instance }) => instance]
]

/** The field that a name usually asks about is tried first. */
const USUAL: Readonly<Partial<Record<BuiltIn, string>>> = {
  app: 'service.name',
  environment: 'service.environment',
  host: 'host.name',
  image: 'container.image.name',
  container: 'container.name',
  instance: 'driftlog.instance'
}

/**
 * The records of the origins for which it holds, by the values of one field where that tells them from the others:
 * a container platform has few apps and many origins.
 */
function originQuery(holds: (origin: Origin) => boolean, name: BuiltIn, origins: Origins): Clause {
  const [within, without]: [[string, Origin][], [string, Origin][]] = [[], []]
  for (const entry of origins) (holds(entry[1]) ? within : without).push(entry)
  if (within.length === 0) return NOTHING
  if (without.length === 0) return EVERYTHING
  const usual = USUAL[name]
  const facets = FACETS.toSorted((a, b) => Number(b[0] === usual) - Number(a[0] === usual))
  for (const [field, of] of facets) {
    const values = new Set(within.map(([, origin]) => of(origin)))
    if (without.some(([, origin]) => values.has(of(origin)))) continue
    return { terms: { [field]: [...values] } }
  }
  return { terms: { 'driftlog.origin': within.map(([id]) => id) } }
}

/** `fields.x` asks for a field `x`, or for one that is really called `fields.x`. */
function parsedQuery(name: string, test: FieldTest): Narrowed {
  const names = name.startsWith(PARSED) ? [name, name.slice(PARSED.length)] : [name]
  const each = names.map((field) => valueQuery(field, test))
  return { query: some(each.map(({ query }) => query)), exact: each.every(({ exact }) => exact) }
}

function valueQuery(name: string, test: FieldTest): Narrowed {
  const named: Narrowed = {
    query: { term: { 'driftlog.values': sized(`${name}=`) } },
    exact: test.kind === 'exists'
  }
  if (test.kind === 'compare' && test.operator === '=' && !isNumber(test.value))
    return {
      query: every([named.query, ...wordsOf(test.value).map((word) => wordIn(name, word))]),
      exact: false
    }
  if (test.kind !== 'words' || test.run.words.length === 0) return named
  const { words, prefix } = test.run
  const whole = prefix ? words.slice(0, -1) : words
  const clauses = whole.map((word) => wordIn(name, word))
  if (!prefix) return { query: every(clauses), exact: words.length === 1 }
  const { beginnings, exact } = beginningsOf(words.at(-1) ?? '')
  const terms = beginnings.map((code) => `${name}=${code}`)
  const isShort = terms.every((value) => value.length <= SIZED_KEEPS)
  clauses.push(
    some(terms.map((value) => ({ prefix: { 'driftlog.values': { value: value.slice(0, SIZED_KEEPS) } } })))
  )
  return { query: every(clauses), exact: exact && isShort && whole.length === 0 }
}

function wordIn(name: string, word: string): Clause {
  return { term: { 'driftlog.values': valueTerm(name, word) } }
}
