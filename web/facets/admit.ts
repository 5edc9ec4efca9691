import {
  builtInOf,
  type Comparison,
  type Expression,
  exclude,
  type FieldTest,
  fold,
  levelOf,
  parse,
  remove
} from '../../collector/query/grammar.ts'

/**
 * Whether a query lets lines with this value of a field through, as far as the terms about that field tell; every
 * other term may hold or not.
 */
export function admits(expression: Expression, field: string, value: string): boolean {
  return holds(expression, field, value) !== false
}

/** Lets a value through, or leaves it out, without changing what happens to the other `known` values. */
export function toggled(text: string, field: string, value: string, known: readonly string[]): string {
  const parsed = parse(text)
  if (!parsed.ok) return text
  const wasIn = admits(parsed.expression, field, value)
  if (wasIn) return exclude(text, field, value)
  const freed = remove(text, field, value)
  if (letsThrough(freed, field, value)) return freed
  const out = known.filter((other) => other !== value && !admits(parsed.expression, field, other))
  return out.reduce((query, other) => exclude(query, field, other), remove(text, field))
}

function letsThrough(text: string, field: string, value: string): boolean {
  const parsed = parse(text)
  return parsed.ok && admits(parsed.expression, field, value)
}

/** True, false, or undefined where it depends on something else than this field. */
function holds(expression: Expression, field: string, value: string): boolean | undefined {
  switch (expression.kind) {
    case 'all':
      return true
    case 'and': {
      const parts = expression.items.map((item) => holds(item, field, value))
      if (parts.includes(false)) return false
      return parts.includes(undefined) ? undefined : true
    }
    case 'or': {
      const parts = expression.items.map((item) => holds(item, field, value))
      if (parts.includes(true)) return true
      return parts.includes(undefined) ? undefined : false
    }
    case 'not': {
      const inner = holds(expression.item, field, value)
      return inner === undefined ? undefined : !inner
    }
    case 'field':
      return isSame(expression.name, field) ? passes(expression.test, field, value) : undefined
    default:
      return undefined
  }
}

function isSame(name: string, field: string): boolean {
  return (builtInOf(name) ?? name) === (builtInOf(field) ?? field)
}

function passes(test: FieldTest, field: string, value: string): boolean | undefined {
  switch (test.kind) {
    case 'words':
      return fold(test.text) === fold(value) || isSameLevel(field, test.text, value)
    case 'glob':
      return new RegExp(
        `^${fold(test.pattern)
          .split('*')
          .map((piece) => piece.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
          .join('.*')}$`,
        's'
      ).test(fold(value))
    case 'compare':
      return field === 'level' ? compareLevels(test.operator, value, test.value) : undefined
    case 'exists':
      return value !== ''
    case 'regex':
      return new RegExp(test.source, test.flags).test(value)
    default:
      return undefined
  }
}

function isSameLevel(field: string, a: string, b: string): boolean {
  return field === 'level' && levelOf(a) !== undefined && levelOf(a) === levelOf(b)
}

function compareLevels(operator: Comparison, value: string, asked: string): boolean | undefined {
  const a = levelOf(value)
  const b = levelOf(asked)
  if (a === undefined || b === undefined) return undefined
  return { '=': a === b, '<': a < b, '<=': a <= b, '>': a > b, '>=': a >= b }[operator]
}
