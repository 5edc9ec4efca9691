/** Changes of the query text by a press: include, exclude, only this, remove. The text stays the one truth. */
import { builtInOf, levelOf } from './builtin.ts'
import { parse } from './parse.ts'
import { print, quote } from './print.ts'
import { literalSource } from './text-term.ts'
import type { Expression, FieldTest } from './tree.ts'
import { fold, runOf, wordsOf } from './words.ts'

/**
 * Query text that asks for one value of a field, whole and in any case; without a field, for the words of a
 * text anywhere in the line. Fields parsed out of lines are named by parsedName().
 */
export function term(field: string | undefined, value: string, how: { exclude?: boolean } = {}): string {
  const text = field === undefined ? quote(value) : print(equals(field, value))
  return how.exclude ? `-${text}` : text
}

/** Asks for the value: in the place of its exclusion, and besides other values of the field that are asked for. */
export function include(text: string, field: string | undefined, value: string): string {
  const terms = termsOf(text)
  if (!terms) return appended(text, term(field, value))
  const kept = terms.filter((one) => !excludes(one, field, value))
  if (kept.some((one) => asks(one, field, value))) return joined(kept)
  const group = kept.find((one) => field !== undefined && valuesOf(one.expression, field))
  if (!group || field === undefined) return joined(kept, term(field, value))
  const wider = anyOf(field, [...(valuesOf(group.expression, field) ?? []), value])
  return joined(kept.map((one) => (one === group ? rewritten(wider) : one)))
}

/** Asks for lines without the value: in the place of a term that asks for it. */
export function exclude(text: string, field: string | undefined, value: string): string {
  const terms = termsOf(text)
  const added = term(field, value, { exclude: true })
  if (!terms) return appended(text, added)
  const kept = without(terms, field, value)
  const isNarrowed = kept.length === terms.length && kept.some((one, i) => one !== terms[i])
  return joined(kept, isNarrowed || kept.some((one) => excludes(one, field, value)) ? undefined : added)
}

/** Asks for this value of the field and for nothing else about the field. */
export function only(text: string, field: string, value: string): string {
  return appended(remove(text, field), term(field, value))
}

/** Drops what is said about the field, or about this value of it. A query with an error stays as it is. */
export function remove(text: string, field: string | undefined, value?: string): string {
  const terms = termsOf(text)
  if (!terms) return text
  if (value === undefined) return joined(terms.filter((one) => !isAbout(one.expression, field)))
  return joined(without(terms, field, value).filter((one) => !excludes(one, field, value)))
}

/** A term of the query and how it is written beside others. */
interface Written {
  expression: Expression
  source: string
  isLoose: boolean
}

function termsOf(text: string): Written[] | undefined {
  const parsed = parse(text)
  if (!parsed.ok) return undefined
  return parsed.terms.map(({ at, expression, isLoose }) => {
    const written = text.slice(at.from, at.to)
    // beside another slash a path would begin a regular expression
    const isPath = /(?:^|[\s(:=|-])\//.test(written)
    return { expression, isLoose: isLoose && !isPath, source: isPath ? beside(expression) : written }
  })
}

function rewritten(expression: Expression): Written {
  return { expression, source: beside(expression), isLoose: false }
}

/** As one of several terms, so that print() brackets a choice. */
function beside(expression: Expression): string {
  return print({ kind: 'and', items: [expression] })
}

function joined(terms: Written[], added?: string): string {
  const isAlone = terms.length + (added === undefined ? 0 : 1) === 1
  const parts = terms.map(({ source, isLoose }) => (isLoose && !isAlone ? `(${source})` : source))
  return (added === undefined ? parts : [...parts, added]).join(' ')
}

function appended(text: string, added: string): string {
  const terms = termsOf(text)
  return terms ? joined(terms, added) : `${text.trimEnd()} ${added}`
}

/** The terms without those that ask for the value; a choice of values loses only this one. */
function without(terms: Written[], field: string | undefined, value: string): Written[] {
  return terms.flatMap((one) => {
    if (!asks(one, field, value)) return [one]
    const others = (valuesOf(one.expression, field) ?? []).filter((other) => !isSame(field, other, value))
    return others.length > 0 && field !== undefined ? [rewritten(anyOf(field, others))] : []
  })
}

const NOWHERE = { from: 0, to: 0 }

function equals(name: string, value: string): Expression {
  const test: FieldTest = builtInOf(name)
    ? { kind: 'words', text: value, run: runOf(value) }
    : { kind: 'compare', operator: '=', value }
  return { kind: 'field', name, test, at: NOWHERE }
}

function anyOf(name: string, values: string[]): Expression {
  const items = values.map((value) => equals(name, value))
  return items.length === 1 && items[0] ? items[0] : { kind: 'or', items }
}

function asks(one: Written, field: string | undefined, value: string): boolean {
  return valuesOf(one.expression, field)?.some((other) => isSame(field, other, value)) ?? false
}

function excludes({ expression }: Written, field: string | undefined, value: string): boolean {
  if (expression.kind !== 'not') return false
  const values = valuesOf(expression.item, field)
  return values?.length === 1 && values.every((other) => isSame(field, other, value))
}

/**
 * The values of which the expression asks for one, where it asks nothing else. Without a field: the text that
 * is looked for.
 */
function valuesOf(expression: Expression, field: string | undefined): string[] | undefined {
  switch (expression.kind) {
    case 'or': {
      const values = expression.items.map((item) => valuesOf(item, field))
      return values.every((some) => some !== undefined) ? values.flat() : undefined
    }
    case 'text':
      return field === undefined && !expression.run.prefix ? [expression.run.words.join(' ')] : undefined
    case 'regex':
      return field === undefined && expression.flags === '' ? [expression.source] : undefined
    case 'field': {
      const { name, test } = expression
      if (field === undefined || !isSameName(name, field)) return undefined
      if (test.kind === 'words') return test.run.prefix ? undefined : [test.text]
      return test.kind === 'compare' && test.operator === '=' ? [test.value] : undefined
    }
    default:
      return undefined
  }
}

function isSameName(a: string, b: string): boolean {
  return a === b || (builtInOf(a) !== undefined && builtInOf(a) === builtInOf(b))
}

function isSame(field: string | undefined, written: string, value: string): boolean {
  if (field === undefined) {
    const words = wordsOf(value)
    return written === (words.length > 0 ? words.join(' ') : literalSource(value))
  }
  if (builtInOf(field) === 'level') return levelOf(written) === levelOf(value)
  return fold(written) === fold(value)
}

function isAbout(expression: Expression, field: string | undefined): boolean {
  switch (expression.kind) {
    case 'not':
      return isAbout(expression.item, field)
    case 'or':
      return expression.items.every((item) => isAbout(item, field))
    case 'field':
      return field !== undefined && isSameName(expression.name, field)
    case 'text':
    case 'regex':
      return field === undefined
    default:
      return false
  }
}
