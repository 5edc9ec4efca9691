/** Tests of one value: what `name:test` asks of a parsed field, and of a built-in name. */
import type { Comparison, FieldTest } from './tree.ts'
import { finderOf, fold } from './words.ts'

export type ValueTest = (value: string) => boolean

/** A parsed field: the value's words hold the run. */
export function fieldTest(test: FieldTest): ValueTest {
  if (test.kind !== 'words') return wholeTest(test)
  if (test.run.words.length > 0) {
    const finds = finderOf(test.run)
    return (value) => finds(fold(value))
  }
  if (test.text === '') return (value) => value === ''
  const text = fold(test.text)
  return (value) => fold(value).includes(text)
}

/** A built-in name: the value as a whole. */
export function wholeTest(test: FieldTest): ValueTest {
  switch (test.kind) {
    case 'words': {
      const text = fold(test.text)
      return (value) => fold(value) === text
    }
    case 'glob':
      return globTest(test.pattern)
    case 'compare':
      return comparison(test.operator, test.value)
    case 'range': {
      const above = test.from === '*' ? undefined : comparison(test.includeFrom ? '>=' : '>', test.from)
      const below = test.to === '*' ? undefined : comparison(test.includeTo ? '<=' : '<', test.to)
      return (value) => (above?.(value) ?? true) && (below?.(value) ?? true)
    }
    case 'regex': {
      const pattern = new RegExp(test.source, test.flags)
      return (value) => pattern.test(value)
    }
    case 'exists':
      return (value) => value !== ''
    default:
      return test satisfies never
  }
}

/** `*` stands for any characters, also none. Takes time in proportion to the value, whatever the pattern. */
export function globTest(pattern: string): ValueTest {
  const pieces = fold(pattern).split('*')
  const [first = ''] = pieces
  if (pieces.length === 1) return (value) => fold(value) === first
  const last = pieces.at(-1) ?? ''
  const inner = pieces.slice(1, -1).filter((piece) => piece !== '')
  return (value) => {
    const text = fold(value)
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
      return false
    let at = first.length
    for (const piece of inner) {
      const found = text.indexOf(piece, at)
      if (found < 0) return false
      at = found + piece.length
    }
    return at <= text.length - last.length
  }
}

/**
 * Numbers compare as numbers. Two texts compare character by character in lower case, which is also the order
 * of ISO times in one zone. A number and a text never compare.
 */
function comparison(operator: Comparison, asked: string): ValueTest {
  const number = isNumber(asked)
  const text = fold(asked)
  return (value) => {
    if (number !== isNumber(value)) return false
    const order = number ? orderOfNumbers(value, asked) : orderOfTexts(fold(value), text)
    switch (operator) {
      case '=':
        return order === 0
      case '<':
        return order < 0
      case '<=':
        return order <= 0
      case '>':
        return order > 0
      case '>=':
        return order >= 0
      default:
        return operator satisfies never
    }
  }
}

/** Longest text that is read as a number. */
const NUMBER_LIMIT = 100

/** Also texts: what is in quotes may be a number. */
export function isNumber(text: string): boolean {
  return text.length <= NUMBER_LIMIT && /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)
}

function orderOfNumbers(a: string, b: string): number {
  const x = Number(a)
  const y = Number(b)
  if (x !== y) return x < y ? -1 : 1
  if (!isLongInteger(a) && !isLongInteger(b)) return 0
  if (!/^[+-]?\d+$/.test(a) || !/^[+-]?\d+$/.test(b)) return 0
  return orderOfTexts(BigInt(a.replace('+', '')), BigInt(b.replace('+', '')))
}

/** Integers of which a double may not hold every digit. */
function isLongInteger(text: string): boolean {
  return text.length > 15
}

function orderOfTexts<T extends string | bigint>(a: T, b: T): number {
  return a === b ? 0 : a < b ? -1 : 1
}
