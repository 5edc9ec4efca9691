/**
 * What must hold at least for a record to match: engines prune by it, then matcher() decides. To prune a record
 * that matches is the worst that could happen, so whatever is not certain sets no condition.
 */
import { ACCESS_MARKS, ACCESS_NAMES } from '../parse/access-fields.ts'
import { LAYOUT_NAMES } from '../parse/layout-fields.ts'
import type { Origin } from '../record.ts'
import { builtInOf, PARSED } from './builtin.ts'
import { ALL_LEVELS, ALL_OUTPUTS, conditionOf } from './condition.ts'
import { literalsOf } from './literals.ts'
import type { Expression, FieldTest, WordRun } from './tree.ts'
import { isNumber } from './value.ts'

export interface PlanWord {
  /** In lower case. */
  word: string
  /** Any word that begins so will do. */
  prefix: boolean
}

/**
 * All of it must hold. Words and literals speak of the text without escape sequences (stripAnsi): on raw bytes
 * they say nothing about records with FLAG.ansi. A word that is not ASCII may stand in the text in another case.
 */
export interface Plan {
  origin(origin: Origin): boolean
  /** Bit i stands for LEVELS[i]. */
  levels: number
  /** Bit i stands for OUTPUTS[i]. */
  outputs: number
  /** Of each clause at least one is a word of the text. */
  words: PlanWord[][]
  /** Of each clause at least one stands somewhere in the text: ASCII, lower case, to be found in any case. */
  literals: string[][]
  /** True where origin, levels, outputs and words decide: whatever meets them matches. */
  exact: boolean
}

export function planOf(where: Expression): Plan {
  return plan(where, false)
}

/** The longest clause that is kept: one of hundreds of words hardly prunes. */
const CLAUSE_LIMIT = 64

const anyOrigin = () => true

function anything(exact: boolean): Plan {
  return { origin: anyOrigin, levels: ALL_LEVELS, outputs: ALL_OUTPUTS, words: [], literals: [], exact }
}

/** What matches nothing. */
function nothing(): Plan {
  return { ...anything(true), origin: () => false, levels: 0, outputs: 0 }
}

/** `negated`: the plan of NOT `where`. */
function plan(where: Expression, negated: boolean): Plan {
  switch (where.kind) {
    case 'all':
      return negated ? nothing() : anything(true)
    case 'and':
    case 'or': {
      const plans = where.items.map((item) => plan(item, negated))
      return (where.kind === 'and') === negated ? either(plans) : both(plans)
    }
    case 'not':
      return plan(where.item, !negated)
    case 'text':
      return negated ? anything(false) : textPlan(where.run)
    case 'regex':
      return negated
        ? anything(false)
        : { ...anything(false), literals: literalsOf(where.source, where.flags) }
    case 'field':
      return fieldPlan(where.name, where.test, negated)
    default:
      return where satisfies never
  }
}

function both(plans: Plan[]): Plan {
  const origins = plans.map((plan) => plan.origin).filter((origin) => origin !== anyOrigin)
  return {
    origin: origins.length > 0 ? (origin) => origins.every((holds) => holds(origin)) : anyOrigin,
    levels: plans.reduce((mask, plan) => mask & plan.levels, ALL_LEVELS),
    outputs: plans.reduce((mask, plan) => mask & plan.outputs, ALL_OUTPUTS),
    words: plans.flatMap((plan) => plan.words),
    literals: plans.flatMap((plan) => plan.literals),
    exact: plans.every((plan) => plan.exact)
  }
}

/** (A and B) or (C and D) demands A or C: one clause of each side is enough, the most telling. */
function either(plans: Plan[]): Plan {
  const origins = plans.map((plan) => plan.origin)
  const words = plans.map((plan) => plan.words)
  return {
    origin: origins.includes(anyOrigin) ? anyOrigin : (origin) => origins.some((holds) => holds(origin)),
    levels: plans.reduce((mask, plan) => mask | plan.levels, 0),
    outputs: plans.reduce((mask, plan) => mask | plan.outputs, 0),
    words: uniteClauses(words, ({ word }) => word.length),
    literals: uniteClauses(
      plans.map((plan) => plan.literals),
      (literal) => literal.length
    ),
    exact: isExactChoice(plans)
  }
}

/** Origin, levels, outputs and words are united each for itself: exact only where all sides restrict the same one. */
function isExactChoice(plans: Plan[]): boolean {
  if (!plans.every((plan) => plan.exact && plan.words.length <= 1)) return false
  const united = plans.reduce((sum, plan) => sum + (plan.words[0]?.length ?? 0), 0)
  if (united > CLAUSE_LIMIT) return false
  const [first, ...others] = plans.map(restricted)
  return first !== undefined && first.length <= 1 && others.every((names) => names.join() === first.join())
}

function restricted(plan: Plan): string[] {
  const names: string[] = []
  if (plan.origin !== anyOrigin) names.push('origin')
  if (plan.levels !== ALL_LEVELS) names.push('levels')
  if (plan.outputs !== ALL_OUTPUTS) names.push('outputs')
  if (plan.words.length > 0) names.push('words')
  return names
}

function uniteClauses<T>(sides: T[][][], weight: (item: T) => number): T[][] {
  const united: T[] = []
  for (const clauses of sides) {
    const best = clauses.toSorted((a, b) => weakest(b, weight) - weakest(a, weight))[0]
    if (!best) return []
    united.push(...best)
    if (united.length > CLAUSE_LIMIT) return []
  }
  return united.length > 0 ? [united] : []
}

function weakest<T>(clause: T[], weight: (item: T) => number): number {
  return Math.min(...clause.map(weight))
}

function textPlan(run: WordRun): Plan {
  if (run.words.length === 0) return nothing()
  const last = run.words.length - 1
  const words = run.words.map((word, i) => [{ word, prefix: run.prefix && i === last }])
  return { ...anything(run.words.length === 1), words }
}

function fieldPlan(name: string, test: FieldTest, negated: boolean): Plan {
  const builtIn = builtInOf(name)
  if (!builtIn) return negated ? anything(false) : { ...anything(false), literals: fieldLiterals(name, test) }
  const condition = conditionOf(builtIn, test)
  switch (condition.kind) {
    case 'origin':
      return {
        ...anything(true),
        origin: negated ? (origin) => !condition.holds(origin) : condition.holds
      }
    case 'level':
      return { ...anything(true), levels: negated ? ALL_LEVELS & ~condition.mask : condition.mask }
    case 'output':
      return { ...anything(true), outputs: negated ? ALL_OUTPUTS & ~condition.mask : condition.mask }
    case 'record':
      return negated ? anything(false) : { ...anything(false), origin: condition.origin }
    default:
      return condition satisfies never
  }
}

/** JSON may write any character as `\u0041`; nothing else hides ASCII letters and digits of names and values. */
const ESCAPED = '\\u'

/**
 * Runs of letters, digits and `_` in name and value stand in the line as they are, unless JSON escapes them, or a layout
 * gives the name: fieldsOf() keeps the digits of numbers as they were written.
 */
function fieldLiterals(name: string, test: FieldTest): string[][] {
  const plain = name.startsWith(PARSED) ? name.slice(PARSED.length) : name
  const values = COMPUTED.has(plain) ? [] : wordsIn(textsOf(test))
  const names = LAYOUT_NAMES.has(plain)
    ? []
    : wordsIn([plain]).map((word) => [word, ESCAPED, ...(ACCESS_NAMES.has(plain) ? ACCESS_MARKS : [])])
  return [...names, ...values.map((word) => [word, ESCAPED])]
}

function wordsIn(texts: string[]): string[] {
  const words = texts.flatMap((text) => text.match(/\w+/g) ?? [])
  return [...new Set(words.map((word) => word.toLowerCase()))]
}

/** Fields whose values are not written in the line as they are read. */
const COMPUTED: ReadonlySet<string> = new Set(['facility', 'severity', 'duration_ms', 'upstream_ms'])

/** Texts whose words a matching value holds. Equal numbers may be written with other digits: 5e2 is 500. */
function textsOf(test: FieldTest): string[] {
  if (test.kind === 'words') return test.run.words
  if (test.kind === 'glob') return [test.pattern]
  return test.kind === 'compare' && test.operator === '=' && !isNumber(test.value) ? [test.value] : []
}
