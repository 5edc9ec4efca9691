/** Terms about a field: `name:value`, `name>=value`, `name:[a TO b]`, `name:/regex/`. */
import { LEVELS } from '../record.ts'
import { BUILT_IN, BUILT_IN_NAMES, type BuiltIn, builtInOf, LEVEL_NAMES, levelOf } from './builtin.ts'
import { nearest } from './nearest.ts'
import { quote } from './print.ts'
import type { Scanner } from './scan.ts'
import { bareToken, checkedRun } from './text-term.ts'
import type { Comparison, Expression, FieldTest, Span } from './tree.ts'

export interface NamedField {
  /** As it was written. */
  name: string
  builtIn: BuiltIn | undefined
  /** Where the name begins. */
  from: number
  operator: ':' | '!=' | Comparison
}

/**
 * A name with its operator behind it. `http://x`, `std::io` and `ptr->next` are text; so is `List<String>`,
 * because parsed fields are compared with numbers, times and quoted texts.
 */
const NAME =
  /[\p{L}_@](?:[\p{L}\p{M}\p{N}_.@/-]*[\p{L}\p{M}\p{N}_@])?(?=[:=]|!=|[<>]=?(?:[\s()"\d.+-]|$)|<>\d)(?!:\/\/|::)/uy
const COMPARED = new RegExp(`(?:${BUILT_IN_NAMES.join('|')})(?=[<>])`, 'y')
const QUOTED_NAME_END = /[:=<>]|!=/y
const OPERATOR = /!=|[<>]=?|==?|:(?:[<>]=?|==?)?/y
const MISSPELT = /=>|=<|=~|!~|<>|===|!==|:=~/y
const SPELLINGS: Record<string, string> = { '=>': '>=', '=<': '<=', '===': '=', '<>': '!=', '!==': '!=' }

/** The name and operator that begin here, if any; the scanner then stands at the value. */
export function readName(scan: Scanner): NamedField | undefined {
  const from = scan.at
  let name = scan.take(NAME) || scan.take(COMPARED)
  if (name === '' && scan.next === '"') {
    name = scan.quoted()
    if (name !== '' && scan.peek(QUOTED_NAME_END) === '') name = ''
  }
  if (name === '') {
    scan.at = from
    return undefined
  }
  scan.mark('name', from)
  const builtIn = builtInOf(name)
  if (!builtIn) warnOfNearName(scan, name, scan.since(from))
  return { name, builtIn, from, operator: readOperator(scan) }
}

function readOperator(scan: Scanner): NamedField['operator'] {
  const from = scan.at
  const misspelt = scan.take(MISSPELT)
  if (misspelt !== '') {
    scan.fail('bad-operator', scan.since(from), { operator: misspelt }, SPELLINGS[misspelt] ?? ':')
  }
  const operator = scan.take(OPERATOR)
  scan.mark('operator', from)
  return plainOperator(operator)
}

function plainOperator(operator: string): NamedField['operator'] {
  switch (operator.replace(/^:(?=.)/, '').replace('==', '=')) {
    case '=':
      return '='
    case '!=':
      return '!='
    case '<':
      return '<'
    case '<=':
      return '<='
    case '>':
      return '>'
    case '>=':
      return '>='
    default:
      return ':'
  }
}

/** Fields that lines often have are left alone: only near misses of longer names are told. */
function warnOfNearName(scan: Scanner, name: string, at: Span): void {
  const lower = name.toLowerCase()
  const near = builtInOf(lower) ?? (lower === 'lvl' ? 'level' : undefined)
  const fix = near ?? (lower.length >= 5 ? nearest(lower, BUILT_IN, 1) : undefined)
  if (fix) scan.warn('near-name', at, { name }, fix)
}

/** What stands behind a name and its operator, or, in a group, between the brackets of `name:(…)`. */
export function valueTerm(scan: Scanner, field: NamedField, isInGroup: boolean): Expression {
  const from = isInGroup ? scan.at : field.from
  const operator = isInGroup ? groupOperator(scan, field) : field.operator
  const isGroup = !isInGroup && scan.next === '('
  if (scan.isBoundary(scan.at) || isGroup) missingValue(scan, field)
  const start = scan.at
  const tests = readTests(scan, field, operator)
  if ((scan.pieces.at(-1)?.from ?? 0) < start) scan.mark('word', start)
  const at = scan.since(from)
  const items = tests.map((test): Expression => {
    return { kind: 'field', name: field.name, test: checked(scan, field, test, scan.since(start)), at }
  })
  const [only] = items
  return items.length === 1 && only ? only : { kind: 'or', items }
}

function groupOperator(scan: Scanner, field: NamedField): NamedField['operator'] {
  const from = scan.at
  const nested = scan.peek(NAME)
  if (builtInOf(nested)) {
    const at = { from, to: from + nested.length }
    scan.fail('nested-field', at, { outer: field.name, name: nested })
  }
  const operator = scan.take(/[<>]=?|==?/y)
  if (operator === '') return field.operator
  scan.mark('operator', from)
  return plainOperator(operator)
}

function missingValue(scan: Scanner, field: NamedField): never {
  const at = scan.since(field.from)
  const written = scan.text.slice(at.from, at.to)
  const params = { name: field.name, operator: written.slice(field.name.length) }
  const gap = scan.peek(/\s+(?=[^\s)])/y)
  if (gap === '') {
    scan.fail(
      'missing-value',
      at,
      params,
      field.operator === ':' || field.operator === '=' ? `${written}*` : undefined
    )
  }
  if (!field.builtIn) scan.fail('missing-value', at, params, `"${written.replaceAll('"', '')}"`)
  scan.fail('missing-value', { from: at.from, to: at.to + gap.length }, params, written)
}

/** Several where the value reads `a|b`. */
function readTests(scan: Scanner, field: NamedField, operator: NamedField['operator']): FieldTest[] {
  const from = scan.at
  if (scan.next === '"') return [quotedTest(scan, field, operator)]
  const isOrder = operator !== ':' && operator !== '=' && operator !== '!='
  if (scan.next === '/' && !isOrder) {
    const regex = scan.regex()
    if (regex) {
      scan.mark('regex', from)
      return [{ kind: 'regex', ...regex }]
    }
  }
  if (/[[{]/.test(scan.next) && operator === ':') return [rangeTest(scan)]
  const token = bareToken(scan)
  const at = scan.since(from)
  if (isOrder) return [{ kind: 'compare', operator, value: token }]
  const values = token.split('|')
  if (values.includes('')) return [bareTest(scan, field, operator, token, at)]
  return values.map((value) => bareTest(scan, field, operator, value, at))
}

function quotedTest(scan: Scanner, field: NamedField, operator: NamedField['operator']): FieldTest {
  const from = scan.at
  const text = scan.quoted()
  const isPrefix = operator === ':' && scan.take(/\*(?=[\s)]|$)/y) !== ''
  scan.mark('phrase', from)
  if (isPrefix && field.builtIn) return { kind: 'glob', pattern: `${text}*` }
  return wholeOrWords(scan, field, operator, text, isPrefix, scan.since(from))
}

function wholeOrWords(
  scan: Scanner,
  field: NamedField,
  operator: NamedField['operator'],
  text: string,
  isPrefix: boolean,
  at: Span
): FieldTest {
  if (operator === ':' || ((operator === '=' || operator === '!=') && field.builtIn)) {
    return { kind: 'words', text, run: checkedRun(scan, text, isPrefix, at) }
  }
  return { kind: 'compare', operator: operator === '!=' ? '=' : operator, value: text }
}

/** `400..499`, also open at one end: `400..*`. Numbers, times and levels. */
const DOTS = /^(\*|-?\d.*?|[a-z]+)\.\.(\*|-?\d.*|[a-z]+)$/is

function bareTest(
  scan: Scanner,
  field: NamedField,
  operator: NamedField['operator'],
  value: string,
  at: Span
): FieldTest {
  if (value === '*') return { kind: 'exists' }
  const [, from, to] = DOTS.exec(value) ?? []
  const isRange =
    from !== undefined && to !== undefined && (field.builtIn === 'level' || /\d/.test(from + to))
  if (isRange) return { kind: 'range', from, to, includeFrom: true, includeTo: true }
  if (!value.includes('*')) return wholeOrWords(scan, field, operator, value, false, at)
  const isPrefix = operator === ':' && !field.builtIn && /^[^*]*[\p{L}\p{M}\p{N}_]\*$/u.test(value)
  return isPrefix
    ? wholeOrWords(scan, field, operator, value.slice(0, -1), true, at)
    : { kind: 'glob', pattern: value }
}

/** `[400 TO 499]`; `{` and `}` leave the end itself out; `*` is an open end. */
function rangeTest(scan: Scanner): FieldTest {
  const open = scan.at
  const includeFrom = scan.next === '['
  const token = /[\s"\]}]/
  scan.at++
  scan.mark('bracket', open)
  const from = rangeEnd(scan, open, token)
  scan.skipSpace()
  const keyword = scan.at
  if (scan.take(/TO(?=[\s"])/y) === '') badRange(scan, open)
  scan.mark('operator', keyword)
  const to = rangeEnd(scan, open, token)
  scan.skipSpace()
  const close = scan.at
  const includeTo = scan.next === ']'
  if (scan.take(/[\]}]/y) === '') badRange(scan, open)
  scan.mark('bracket', close)
  return { kind: 'range', from, to, includeFrom, includeTo }
}

function rangeEnd(scan: Scanner, open: number, stop: RegExp): string {
  scan.skipSpace()
  const from = scan.at
  if (scan.isAtEnd || /[\]})]/.test(scan.next)) badRange(scan, open)
  const isQuoted = scan.next === '"'
  const value = isQuoted ? scan.quoted() : bareToken(scan, stop)
  if (value === '') badRange(scan, open)
  scan.mark(isQuoted ? 'phrase' : 'word', from)
  return value
}

function badRange(scan: Scanner, open: number): never {
  const rest = scan.text.slice(open)
  const close = /[\]}]/.exec(rest)
  if (!close) {
    const fix = /^[[{]\s*[^\s]+\s+TO\s+[^\s]+$/.test(rest.trimEnd()) ? `${rest.trimEnd()}]` : undefined
    scan.fail('unclosed-range', { from: open, to: scan.text.length }, {}, fix)
  }
  const inside = rest.slice(0, close.index + 1)
  scan.fail('bad-range', { from: open, to: open + inside.length }, {}, quote(inside))
}

/** Names of levels must be levels, and only levels have an order among the built-in names. */
function checked(scan: Scanner, field: NamedField, test: FieldTest, at: Span): FieldTest {
  if (!field.builtIn) return test
  const isOrder = (test.kind === 'compare' && test.operator !== '=') || test.kind === 'range'
  if (field.builtIn !== 'level') {
    const fix = test.kind === 'compare' ? `${field.name}:${scan.text.slice(at.from, at.to)}` : undefined
    if (isOrder) scan.fail('no-order', { from: field.from, to: at.to }, { name: field.name }, fix)
    return test
  }
  const names =
    test.kind === 'words'
      ? [test.text]
      : test.kind === 'compare'
        ? [test.value]
        : test.kind === 'range'
          ? [test.from, test.to].filter((name) => name !== '*')
          : []
  for (const name of names) {
    if (levelOf(name) !== undefined) continue
    const near = nearest(name.toLowerCase().slice(0, 32), LEVEL_NAMES, name.length > 4 ? 2 : 1)
    const index = near === undefined ? undefined : levelOf(near)
    const written = scan.text.slice(at.from, at.to)
    const fix = index === undefined ? undefined : written.replace(name, LEVELS[index] ?? name)
    scan.fail('bad-level', at, { level: name, levels: LEVELS.join(', ') }, fix)
  }
  return test
}
