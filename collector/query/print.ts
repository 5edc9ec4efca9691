/** Tree → query text: parse(print(tree)) gives the same tree, places aside. */
import { builtInOf, PARSED } from './builtin.ts'
import { literalSource } from './text-term.ts'
import type { Expression, FieldTest, WordRun } from './tree.ts'
import { wordsOf } from './words.ts'

export function print(expression: Expression): string {
  if (expression.kind === 'all') return ''
  return expression.kind === 'or' ? choice(expression.items) : part(expression)
}

/** A text in double quotes. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

/** The name by which a query reaches a field that was parsed out of a line, whatever it is called. */
export function parsedName(name: string): string {
  return builtInOf(name) ? PARSED + name : name
}

/** As one of several terms side by side. */
function part(expression: Expression): string {
  switch (expression.kind) {
    case 'all':
      return '*'
    case 'and':
      return expression.items.map((item) => (item.kind === 'and' ? `(${part(item)})` : part(item))).join(' ')
    case 'or':
      return group(expression.items) ?? `(${choice(expression.items)})`
    case 'not':
      return `-${isCompound(expression.item) ? bracketed(expression.item) : part(expression.item)}`
    case 'text':
      return runText(expression.run)
    case 'regex':
      return regexText(expression)
    case 'field':
      return nameText(expression.name) + testText(expression.name, expression.test)
    default:
      return expression satisfies never
  }
}

function isCompound(expression: Expression): boolean {
  return expression.kind === 'and' || expression.kind === 'not'
}

function bracketed(expression: Expression): string {
  return `(${part(expression)})`
}

function choice(items: Expression[]): string {
  return items.map((item) => (item.kind === 'and' ? bracketed(item) : part(item))).join(' OR ')
}

/** `level:(warn OR error)`, where all ask for one field. */
function group(items: Expression[]): string | undefined {
  const [first] = items
  if (first?.kind !== 'field') return undefined
  const values: string[] = []
  for (const item of items) {
    if (item.kind !== 'field' || item.name !== first.name) return undefined
    values.push(testText(item.name, item.test).replace(/^:/, ''))
  }
  return `${nameText(first.name)}:(${values.join(' OR ')})`
}

/** What can stand without quotes and means nothing else. */
const BARE_NAME = /^[\p{L}_@](?:[\p{L}\p{M}\p{N}_.@/-]*[\p{L}\p{M}\p{N}_@])?$/u
const BARE_VALUE = /^[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}_:@/-]|\.(?!\.))*$/u
const BARE_PATTERN = /^[\p{L}\p{N}_*](?:[\p{L}\p{M}\p{N}_:@/*-]|\.(?!\.))*$/u
const WORD_END = /[\p{L}\p{M}\p{N}_]$/u
const OPERATOR_WORDS = /^(?:and|or|not|to)$/i

function nameText(name: string): string {
  return BARE_NAME.test(name) ? name : quote(name)
}

function valueText(value: string): string {
  return BARE_VALUE.test(value) && !OPERATOR_WORDS.test(value) && !isNested(value) ? value : quote(value)
}

/** Between brackets `host:x` would look like another field. */
function isNested(value: string): boolean {
  const name = /^[^:=<>]+(?=:)/.exec(value)?.[0]
  return name !== undefined && builtInOf(name) !== undefined
}

/** The operator and what stands behind it. */
function testText(name: string, test: FieldTest): string {
  switch (test.kind) {
    case 'words':
      return `:${prefixText(test.text, test.run.prefix)}`
    case 'glob':
      return globText(test.pattern, builtInOf(name) !== undefined)
    case 'compare':
      return test.operator + (isPlainlyCompared(name, test) ? valueText(test.value) : quote(test.value))
    case 'range': {
      const ends = [test.from, test.to].map((end) => (end === '*' ? end : valueText(end)))
      return `:${test.includeFrom ? '[' : '{'}${ends.join(' TO ')}${test.includeTo ? ']' : '}'}`
    }
    case 'regex':
      return `:${regexText(test)}`
    case 'exists':
      return ':*'
    default:
      return test satisfies never
  }
}

/** `a<b` without quotes is text. */
function isPlainlyCompared(name: string, test: { operator: string; value: string }): boolean {
  return test.operator === '=' || /^\d/.test(test.value) || builtInOf(name) !== undefined
}

function prefixText(text: string, isPrefix: boolean): string {
  if (!isPrefix) return valueText(text)
  return `${WORD_END.test(text) ? valueText(text) : quote(text)}*`
}

/** A pattern with spaces, quotes or operators in it can only be written as a regular expression. */
function globText(pattern: string, isBuiltIn: boolean): string {
  if (BARE_PATTERN.test(pattern) && !isNested(pattern)) return (isBuiltIn ? ':' : '=') + pattern
  const [head = '', ...tail] = pattern.split('*')
  if (isBuiltIn && tail.length === 1 && tail[0] === '') return `:${quote(head)}*`
  const pieces = pattern.split('*').map(literalSource)
  return `:/^${pieces.join('[^]*')}$/i`
}

function regexText({ source, flags }: { source: string; flags: string }): string {
  return `/${new RegExp(source, flags).source}/${flags}`
}

function runText(run: WordRun): string {
  const close = run.words.join('')
  const text = wordsOf(close).length === run.words.length ? close : run.words.join(' ')
  const isBare = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_]*$/u.test(text) && !OPERATOR_WORDS.test(text)
  return (isBare ? text : quote(text)) + (run.prefix ? '*' : '')
}
