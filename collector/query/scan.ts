/** Reads the smallest parts of a query text: quotes, regular expressions, bare tokens. Always moves forward. */
import { type Diagnostic, type DiagnosticCode, diagnostic } from './diagnostics.ts'
import type { Span } from './tree.ts'

/** What a part of the text is, for colouring. */
export interface Piece extends Span {
  kind: 'name' | 'operator' | 'not' | 'word' | 'phrase' | 'regex' | 'bracket'
}

/** Ends a parse; never leaves parse(). */
export class QueryFault extends Error {
  readonly diagnostic: Diagnostic
  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message)
    this.diagnostic = diagnostic
  }
}

/** Characters of a regular expression between its slashes. */
export const REGEX_LIMIT = 1000
const FLAGS = /[\p{L}\p{N}_]*/uy
/** What begins with a slash and is no regular expression: nothing in it would mean something in one. */
const PATH = /\/(?:[\p{L}\p{M}\p{N}\w.~%+:@,=&#/-]|(?<!\.)\*)*(?=[\s)]|$)/uy
export class Scanner {
  readonly text: string
  at = 0
  readonly pieces: Piece[] = []
  readonly warnings: Diagnostic[] = []

  constructor(text: string) {
    this.text = text
  }

  get next(): string {
    return this.text.charAt(this.at)
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length
  }

  skipSpace(): void {
    this.take(/\s+/y)
  }

  /** Takes what a sticky pattern finds here; '' where it finds nothing. */
  take(pattern: RegExp): string {
    const found = this.peek(pattern)
    this.at += found.length
    return found
  }

  peek(pattern: RegExp): string {
    pattern.lastIndex = this.at
    return pattern.exec(this.text)?.[0] ?? ''
  }

  mark(kind: Piece['kind'], from: number): void {
    this.pieces.push({ kind, from, to: this.at })
  }

  since(from: number): Span {
    return { from, to: this.at }
  }

  warn(code: DiagnosticCode, at: Span, params: Record<string, string>, fix: string): void {
    this.warnings.push(diagnostic(code, at, params, fix))
  }

  fail(code: DiagnosticCode, at: Span, params: Record<string, string> = {}, fix?: string): never {
    throw new QueryFault(diagnostic(code, at, params, fix))
  }

  /** The text between double quotes, which begin here. A backslash stands before `"` and `\`. */
  quoted(): string {
    const from = this.at
    const end = closingMark(this.text, from, '"')
    if (end < 0) {
      const rest = withoutLastBackslash(this.text.slice(from).trimEnd())
      this.fail('unclosed-quote', { from, to: this.text.length }, {}, `${rest}"`)
    }
    this.at = end + 1
    return this.text.slice(from + 1, end).replace(/\\(["\\])/g, '$1')
  }

  /** A regular expression that begins here, checked; undefined where what stands here is a path like `/api/v1`. */
  regex(): { source: string; flags: string } | undefined {
    const from = this.at
    const end = closingMark(this.text, from, '/')
    const flags = end < 0 ? '' : this.peekAt(FLAGS, end + 1)
    const isClosed = end >= 0 && (flags === '' || flags === 'i') && this.isBoundary(end + 1 + flags.length)
    const line = this.peek(/[^\n]{0,1000}/y)
    if (!isClosed && this.peek(PATH) !== '' && !(end < 0 && line.includes('\\'))) return undefined
    if (end < 0) {
      const rest = withoutLastBackslash(line.trimEnd())
      this.fail('unclosed-regex', { from, to: from + rest.length }, {}, `${rest}/`)
    }
    this.at = end + 1 + flags.length
    const at = this.since(from)
    if (!isClosed) {
      const rest = this.peek(/[^\s)]*/y)
      const to = this.at + rest.length
      this.fail('bad-flags', { from: end + 1, to }, { flags: flags + rest }, '')
    }
    const source = this.text.slice(from + 1, end)
    if (source === '') this.fail('empty-regex', at)
    if (source.length > REGEX_LIMIT) this.fail('regex-too-long', at, { limit: String(REGEX_LIMIT) })
    try {
      new RegExp(source, flags)
    } catch (error) {
      const reason = error instanceof Error ? error.message.replace(/^.*\/[a-z]*: /s, '') : String(error)
      this.fail('bad-regex', at, { reason })
    }
    return { source, flags }
  }

  isBoundary(at: number): boolean {
    return at >= this.text.length || /[\s)]/.test(this.text.charAt(at))
  }

  private peekAt(pattern: RegExp, at: number): string {
    pattern.lastIndex = at
    return pattern.exec(this.text)?.[0] ?? ''
  }
}

/** How far the end of a regular expression is looked for, in characters. */
const REGEX_REACH = 2 * REGEX_LIMIT

/** Place of the `"` or `/` that closes the one at `open`, or -1. A `/` may stand in `[…]`, and never spans lines. */
export function closingMark(text: string, open: number, mark: '"' | '/'): number {
  let isInClass = false
  const to = mark === '/' ? Math.min(text.length, open + REGEX_REACH) : text.length
  for (let end = open + 1; end < to; end++) {
    const character = text[end]
    if (character === '\\') end++
    else if (mark === '/' && character === '\n') return -1
    else if (mark === '/' && character === '[') isInClass = true
    else if (character === ']') isInClass = false
    else if (character === mark && !isInClass) return end
  }
  return -1
}

/** What would escape the mark that a fix puts behind it. */
function withoutLastBackslash(text: string): string {
  const backslashes = /\\*$/.exec(text)?.[0].length ?? 0
  return backslashes % 2 === 1 ? text.slice(0, -1) : text
}
