/** What is being typed at the caret, for completion. Works on texts that do not parse yet. */
import { closingMark } from './scan.ts'
import type { Span } from './tree.ts'

export type Place =
  /** A free word, a field's name without its operator, an operator, or the empty place between terms. */
  | { kind: 'word'; typed: string; replace: Span; followsTerm: boolean }
  /** The value of a field, without its quotes in `typed`. */
  | { kind: 'value'; name: string; typed: string; replace: Span; followsTerm: boolean }
  /** Inside a phrase, a range or a regular expression: nothing to complete. */
  | { kind: 'none' }

/** A `-`, then a name and its operator. */
const MINUS = /-(?=[^\s)])/y
const NAME = /([\p{L}_@][\p{L}\p{M}\p{N}_.@/-]*)(?:!=|[<>]=?|==?|:(?:[<>]=?|==?)?)(?!\/\/)/uy
const SPACE = /\s*/y
const BARE = /[^\s)("]*/y
const VALUE = /[^\s)"]*/y
const OPERATOR = /(?:AND|OR|NOT)(?=[\s()"]|$)/y

/** `caret` is a UTF-16 offset. */
export function placeAt(text: string, caret: number): Place {
  /** Of each open bracket the field whose values it groups. */
  const groups: (string | undefined)[] = []
  let followsTerm = false
  let at = 0
  for (;;) {
    at += lengthAt(SPACE, text, at)
    if (at >= caret) return between(caret, groups.at(-1), followsTerm)
    const next = text[at]
    if (next === '(' || next === ')') {
      followsTerm = next === ')'
      if (next === '(') groups.push(groups.at(-1))
      else groups.pop()
      at++
      continue
    }
    at += lengthAt(MINUS, text, at)
    const operator = lengthAt(OPERATOR, text, at)
    if (operator > 0 && at + operator < caret) {
      followsTerm = false
      at += operator
      continue
    }
    NAME.lastIndex = at
    const named = groups.at(-1) === undefined ? NAME.exec(text) : null
    const name = named?.[1] ?? groups.at(-1)
    const start = at + (named?.[0].length ?? 0)
    if (named && start > caret) {
      return { kind: 'word', typed: text.slice(at, caret), replace: { from: at, to: start }, followsTerm }
    }
    if (named && text[start] === '(' && start < caret) {
      groups.push(named[1])
      followsTerm = false
      at = start + 1
      continue
    }
    const end = valueEnd(text, start, named !== null)
    if (end >= caret) return typedAt(text, start, end, caret, name, followsTerm)
    followsTerm = true
    at = Math.max(end, at + 1)
  }
}

function between(caret: number, name: string | undefined, followsTerm: boolean): Place {
  const replace = { from: caret, to: caret }
  return name === undefined
    ? { kind: 'word', typed: '', replace, followsTerm }
    : { kind: 'value', name, typed: '', replace, followsTerm }
}

/** Where the value or token that begins at `start` ends; an open one reaches to the end of the text. */
function valueEnd(text: string, start: number, isValue: boolean): number {
  const first = text[start]
  if (first === '"') {
    const end = closingMark(text, start, '"')
    return end < 0 ? text.length + 1 : end + 1
  }
  if (first === '/') {
    const end = closingMark(text, start, '/')
    if (end >= 0) return end + 1 + lengthAt(BARE, text, end + 1)
  }
  if (isValue && (first === '[' || first === '{')) {
    const end = text.slice(start).search(/[\]}]/)
    return end < 0 ? text.length + 1 : start + end + 1
  }
  return start + lengthAt(isValue ? VALUE : BARE, text, start)
}

function typedAt(
  text: string,
  start: number,
  end: number,
  caret: number,
  name: string | undefined,
  followsTerm: boolean
): Place {
  const first = start < caret ? (text[start] ?? '') : ''
  const to = Math.min(end, text.length)
  if (first === '/' || first === '[' || first === '{') return { kind: 'none' }
  if (first === '"') {
    const isClosed = end <= text.length && caret === end
    if (name === undefined || isClosed) return { kind: 'none' }
    const typed = text.slice(start + 1, caret).replace(/\\(["\\])/g, '$1')
    return { kind: 'value', name, typed, replace: { from: start, to }, followsTerm }
  }
  if (name === undefined) {
    return { kind: 'word', typed: text.slice(start, caret), replace: { from: start, to }, followsTerm }
  }
  const from = Math.max(start, text.lastIndexOf('|', caret - 1) + 1)
  return { kind: 'value', name, typed: text.slice(from, caret), replace: { from, to }, followsTerm }
}

function lengthAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0].length ?? 0
}
