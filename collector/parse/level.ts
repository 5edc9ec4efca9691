/**
 * The level of a line, from its decoded bytes: a JSON field, a logfmt field, a klog header, or a word whose place
 * in the text says that it is meant as a level. Index into LEVELS; 0 where nothing says it, or two say different.
 */
import { jsonLevel } from './level-json.ts'
import {
  accessLevel,
  bracketLevel,
  mongoLevel,
  priorityLevel,
  redisLevel,
  timedLevel
} from './level-server.ts'
import { pastEscape, textLevel } from './level-text.ts'

const ESC = 27
const SPACE = 32

/** `view` shows the bytes of `b`. */
export function levelOf(b: Uint8Array, view: DataView, from: number, to: number): number {
  const start = pastColours(b, from, to)
  if (b[start] === 123) {
    const level = jsonLevel(b, view, start, to)
    if (level > 0) return level
    if (level === 0) return mongoLevel(b, start, to)
  }
  const first = b[start] as number
  const own =
    first === 60
      ? priorityLevel(b, start, to)
      : isDigit(first)
        ? redisLevel(b, start, to)
        : klogLevel(b, start, to) || consoleLevel(b, start, to)
  return own || textLevel(b, view, start, to) || serverLevel(b, start, to, first)
}

/** Index behind blanks and escape sequences. */
function pastColours(b: Uint8Array, from: number, to: number): number {
  let i = from
  while (i < to) {
    const c = b[i]
    if (c === SPACE || c === 9) i++
    else if (c === ESC) i = pastEscape(b, i, to)
    else break
  }
  return i
}

/** `E1122 10:00:00.000000 …`: Kubernetes' and Google's header. */
function klogLevel(b: Uint8Array, i: number, to: number): number {
  if (to - i < 15 || b[i + 5] !== SPACE || b[i + 8] !== 58 || b[i + 11] !== 58) return 0
  for (let d = 1; d < 5; d++) if (!isDigit(b[i + d] as number)) return 0
  const c = b[i]
  return c === 73 ? 3 : c === 87 ? 4 : c === 69 ? 5 : c === 70 ? 6 : c === 68 ? 2 : 0
}

/** Where no word says it. */
function serverLevel(b: Uint8Array, start: number, to: number, first: number): number {
  const own = first === 91 ? bracketLevel(b, start, to) : isDigit(first) ? timedLevel(b, start, to) : 0
  return own || accessLevel(b, start, to)
}

/** `fail: Name.Of.Category[0]`: .NET's console. The other words of it are known in running text. */
function consoleLevel(b: Uint8Array, i: number, to: number): number {
  if (b[i] !== 102 || b[i + 1] !== 97 || b[i + 2] !== 105 || b[i + 3] !== 108 || b[i + 4] !== 58) return 0
  if (b[i + 5] !== SPACE) return 0
  let at = i + 6
  while (at < to && b[at] !== SPACE && b[at] !== 10 && b[at] !== 91) at++
  return at > i + 6 && b[at] === 91 && isDigit(b[at + 1] as number) ? 5 : 0
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57
}
