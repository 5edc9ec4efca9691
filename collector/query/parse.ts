/** Query text → tree. Takes time in proportion to the text, and fails with the place and the reason. */
import type { Diagnostic } from './diagnostics.ts'
import { type Piece, QueryFault, Scanner } from './scan.ts'
import { type NamedField, readName, valueTerm } from './term.ts'
import { textTerm } from './text-term.ts'
import type { Expression, Span } from './tree.ts'

export type Parsed =
  | { ok: true; expression: Expression; warnings: Diagnostic[]; terms: Term[]; pieces: Piece[] }
  /** `pieces` reach up to the error. */
  | { ok: false; error: Diagnostic; pieces: Piece[] }

/** What all must hold: the parts of the query that stand side by side on its outermost level. */
export interface Term {
  /** With its `-` or NOT. */
  at: Span
  expression: Expression
  /** An OR without brackets around it: nothing can be put beside it as it is. */
  isLoose: boolean
}

/** UTF-16 units of a query. */
export const TEXT_LIMIT = 100_000
export const DEPTH_LIMIT = 64
export const TERM_LIMIT = 1000

export function parse(text: string): Parsed {
  const scan = new Scanner(text)
  try {
    if (text.length > TEXT_LIMIT) {
      const params = { limit: String(TEXT_LIMIT), length: String(text.length) }
      scan.fail('too-long', { from: TEXT_LIMIT, to: text.length }, params)
    }
    const { expression, terms } = new Parser(scan).whole()
    return { ok: true, expression, warnings: scan.warnings, terms, pieces: scan.pieces }
  } catch (error) {
    if (!(error instanceof QueryFault)) throw error
    return { ok: false, error: error.diagnostic, pieces: scan.pieces }
  }
}

/** A minus right before a term. `->`, `-=` and `--flag` are text. */
const NEGATION = /-(?![\s)\-<>=|]|$)|NOT(?=[\s()"]|$)/y
const KEYWORD = /(?:AND|OR|NOT)(?=[\s()"]|$)/y

class Parser {
  readonly #scan: Scanner
  #terms = 0

  constructor(scan: Scanner) {
    this.#scan = scan
  }

  whole(): { expression: Expression; terms: Term[] } {
    const scan = this.#scan
    scan.skipSpace()
    if (scan.isAtEnd) return { expression: { kind: 'all' }, terms: [] }
    const from = scan.at
    const branches = this.branches(undefined, 0)
    if (!scan.isAtEnd) scan.fail('unopened-bracket', { from: scan.at, to: scan.at + 1 }, {}, '')
    const expression = either(branches.map((branch) => both(branch.map((term) => term.expression))))
    const [only = []] = branches
    if (branches.length === 1) return { expression, terms: only }
    const to = branches.at(-1)?.at(-1)?.at.to ?? scan.at
    return { expression, terms: [{ at: { from, to }, expression, isLoose: true }] }
  }

  /** Branches of OR up to a closing bracket or the end. */
  private branches(field: NamedField | undefined, depth: number): Term[][] {
    const scan = this.#scan
    const branches = [this.branch(field, depth)]
    while (scan.peek(KEYWORD) === 'OR') {
      const from = scan.at
      scan.take(KEYWORD)
      scan.mark('operator', from)
      const operator = scan.since(from)
      scan.skipSpace()
      if (scan.isAtEnd || scan.next === ')') {
        scan.fail('dangling-operator', operator, { operator: 'OR' }, '')
      }
      branches.push(this.branch(field, depth))
    }
    return branches
  }

  /** Terms that must all hold: side by side, or with AND between. */
  private branch(field: NamedField | undefined, depth: number): Term[] {
    const scan = this.#scan
    const terms: Term[] = []
    let operator: Span | undefined
    for (;;) {
      scan.skipSpace()
      const keyword = scan.peek(KEYWORD)
      const isOver = scan.isAtEnd || scan.next === ')' || keyword === 'OR'
      if (isOver && operator) scan.fail('dangling-operator', operator, { operator: 'AND' }, '')
      if (isOver && terms.length > 0) return terms
      if (keyword === 'AND' || keyword === 'OR') {
        const from = scan.at
        scan.take(KEYWORD)
        if (operator || terms.length === 0) {
          scan.fail('dangling-operator', scan.since(from), { operator: keyword }, '')
        }
        scan.mark('operator', from)
        operator = scan.since(from)
        continue
      }
      if (scan.next === ')') scan.fail('unopened-bracket', { from: scan.at, to: scan.at + 1 }, {}, '')
      operator = undefined
      terms.push(this.term(field, depth))
    }
  }

  private term(field: NamedField | undefined, depth: number): Term {
    const scan = this.#scan
    const from = scan.at
    let isNegated = false
    for (;;) {
      const start = scan.at
      const operator = scan.take(NEGATION)
      if (operator === '') break
      scan.mark('not', start)
      const at = scan.since(start)
      scan.skipSpace()
      if (scan.isAtEnd || scan.next === ')' || /AND|OR/.test(scan.peek(KEYWORD))) {
        scan.fail('dangling-not', at, { operator }, '')
      }
      isNegated = !isNegated
    }
    if (scan.peek(/-(?=[\s)]|$)/y) !== '') {
      scan.fail('dangling-not', { from: scan.at, to: scan.at + 1 }, { operator: '-' }, '')
    }
    const item = this.positive(field, depth)
    const at = scan.since(from)
    return { at, expression: isNegated ? { kind: 'not', item, at } : item, isLoose: false }
  }

  private positive(field: NamedField | undefined, depth: number): Expression {
    const scan = this.#scan
    if (scan.next === '(') return this.group(field, depth)
    this.count(1)
    if (field) return this.value(field, true)
    const name = readName(scan)
    if (!name) return textTerm(scan)
    const isGroup = scan.next === '(' && /^(?:[:=]|!=)$/.test(name.operator)
    const item = isGroup ? this.group(name, depth) : this.value(name, false)
    return name.operator === '!=' ? { kind: 'not', item, at: scan.since(name.from) } : item
  }

  private group(field: NamedField | undefined, depth: number): Expression {
    const scan = this.#scan
    const open = scan.at
    if (depth === DEPTH_LIMIT) {
      scan.fail('too-deep', { from: open, to: open + 1 }, { limit: String(DEPTH_LIMIT) })
    }
    scan.at++
    scan.mark('bracket', open)
    scan.skipSpace()
    if (scan.next === ')') {
      scan.at++
      scan.fail('empty-group', scan.since(field?.from ?? open), {}, '')
    }
    if (scan.isAtEnd) this.unclosed(open)
    const branches = this.branches(field, depth + 1)
    if (scan.isAtEnd) this.unclosed(open)
    const close = scan.at
    scan.at++
    scan.mark('bracket', close)
    return either(branches.map((branch) => both(branch.map((term) => term.expression))))
  }

  private unclosed(open: number): never {
    const { text } = this.#scan
    this.#scan.fail('unclosed-bracket', { from: open, to: text.length }, {}, `${text.slice(open).trimEnd()})`)
  }

  private value(field: NamedField, isInGroup: boolean): Expression {
    const expression = valueTerm(this.#scan, field, isInGroup)
    if (expression.kind === 'or') this.count(expression.items.length - 1)
    return expression
  }

  private count(terms: number): void {
    const scan = this.#scan
    this.#terms += terms
    if (this.#terms > TERM_LIMIT) {
      scan.fail(
        'too-many-terms',
        { from: Math.min(scan.at, scan.text.length - 1), to: scan.text.length },
        { limit: String(TERM_LIMIT) }
      )
    }
  }
}

function both(items: Expression[]): Expression {
  const flat = items
    .flatMap((item) => (item.kind === 'and' ? item.items : [item]))
    .filter((item) => item.kind !== 'all')
  const [only] = flat
  if (!only) return { kind: 'all' }
  return flat.length === 1 ? only : { kind: 'and', items: flat }
}

function either(items: Expression[]): Expression {
  const flat = items.flatMap((item) => (item.kind === 'or' ? item.items : [item]))
  const [only] = flat
  if (!only) return { kind: 'all' }
  return flat.length === 1 ? only : { kind: 'or', items: flat }
}
