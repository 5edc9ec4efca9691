/** The level of lines that name none: syslog's priority, Redis' marks, and the status of a request in an access log. */

import { levelOfValue, levelOfWord } from './level-words.ts'

const INFO = 3
const WARN = 4
const ERROR = 5

/** Statuses are looked for in this many bytes. */
const REQUEST_BYTES = 4096

/** By severity: emergency, alert, critical, error, warning, notice, informational, debug. */
const BY_SEVERITY = new Uint8Array([6, 6, 6, 5, 4, 3, 3, 2])

/** `<34>Oct 11 …`, `<165>1 2026-…`: facility × 8 + severity. 0 where no priority begins at `i`. */
export function priorityLevel(b: Uint8Array, i: number, to: number): number {
  if (b[i] !== 60) return 0
  let at = i + 1
  let priority = 0
  while (at < to && at < i + 4 && isDigit(b[at] as number))
    priority = priority * 10 + (b[at++] as number) - 48
  if (at === i + 1 || at >= to || b[at] !== 62 || priority > 191) return 0
  return BY_SEVERITY[priority & 7] as number
}

/** `1:M 22 Nov 2026 10:00:00.123 # …`: `.` debug, `-` verbose, `*` notice, `#` warning. */
export function redisLevel(b: Uint8Array, i: number, to: number): number {
  let at = i
  while (at < to && isDigit(b[at] as number)) at++
  const role = b[at + 1] as number
  if (at === i || b[at] !== 58 || (role !== 77 && role !== 83 && role !== 67 && role !== 88)) return 0
  // ` 22 Nov 2026 10:00:00.123 `
  const mark = at + 27
  if (mark + 1 >= to || b[at + 2] !== 32 || b[mark] !== 32 || b[mark + 2] !== 32 || b[at + 17] !== 58)
    return 0
  const c = b[mark + 1]
  return c === 35 ? WARN : c === 42 ? INFO : c === 45 || c === 46 ? 2 : 0
}

const MONGO = bytesOf('{"t":{"$date":"')
const MONGO_SEVERITY = bytesOf('"s":"')

/** MongoDB's `{"t":{"$date":"…"},"s":"I",…}`. */
export function mongoLevel(b: Uint8Array, from: number, to: number): number {
  if (!startsWith(b, from, to, MONGO)) return 0
  for (let i = from + MONGO.length; i < Math.min(to, from + 96); i++)
    if (b[i] === 34 && startsWith(b, i, to, MONGO_SEVERITY)) {
      const at = i + MONGO_SEVERITY.length
      return levelOfValue(b, at, at + 1)
    }
  return 0
}

/** `[2026-…] production.ERROR: …` of Monolog, `[2026-…: INFO/MainProcess] …` of Celery. */
export function bracketLevel(b: Uint8Array, from: number, to: number): number {
  if (b[from] !== 91) return 0
  const end = Math.min(to, from + 96)
  let i = from + 1
  for (; i < end && b[i] !== 93; i++)
    if (b[i] === 58 && b[i + 1] === 32) {
      const word = endOfCapitals(b, i + 2, end)
      return b[word] === 47 ? levelOfWord(b, i + 2, word, true) : 0
    }
  for (i += 2; i < end && b[i] !== 32; i++)
    if (b[i] === 46) {
      const word = endOfCapitals(b, i + 1, end)
      if (b[word] === 58) return levelOfWord(b, i + 1, word, true)
    }
  return 0
}

function endOfCapitals(b: Uint8Array, from: number, to: number): number {
  let i = from
  while (i < to && (b[i] as number) >= 65 && (b[i] as number) <= 90) i++
  return i
}

const NOTE = bytesOf(' [Note] ')
const SYSTEM = bytesOf(' [System] ')

/** MySQL's ` [Note] ` and ` [System] `, etcd's ` I | `, behind a time. */
export function timedLevel(b: Uint8Array, from: number, to: number): number {
  const end = Math.min(to, from + 64)
  for (let i = from + 19; i < end; i++) {
    if (b[i] !== 32) continue
    if (b[i + 1] === 91) return startsWith(b, i, to, NOTE) || startsWith(b, i, to, SYSTEM) ? INFO : 0
    if (b[i + 2] === 32 && b[i + 3] === 124) return levelOfValue(b, i + 1, i + 2)
  }
  return 0
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Of an access log by its status: 5xx is an error, 4xx a warning, anything else information. */
export function accessLevel(b: Uint8Array, from: number, to: number): number {
  const end = Math.min(to, from + REQUEST_BYTES)
  if (startsWith(b, from, to, GIN)) return statusBehindBar(b, from, end)
  if (isMethod(b, from, end)) return statusBehindPath(b, from, end)
  for (let i = from; i < end - 4; i++) {
    if (b[i] !== 34) continue
    // What could not be read as a request: `] "\x16\x03" 400 157`
    if (i > from + 1 && b[i - 1] === 32 && b[i - 2] === 93) {
      const quote = closingQuote(b, i, end)
      if (quote > 0 && b[quote + 1] === 32 && isStatus(b, quote + 2, to)) return levelOfStatus(b, quote + 2)
    }
    // The quote that ends a request: `"GET / HTTP/1.1" 200 12`
    if (b[i + 1] === 32 && isStatus(b, i + 2, to) && endsRequest(b, i, from)) return levelOfStatus(b, i + 2)
    // HAProxy writes the request last, and five times before the status.
    if (isMethod(b, i + 1, end)) {
      const status = behindTimers(b, from, i)
      if (status > 0) return levelOfStatus(b, status)
    }
  }
  return 0
}

const GIN = bytesOf('[GIN] ')

function statusBehindBar(b: Uint8Array, from: number, end: number): number {
  for (let i = from; i < end - 4; i++)
    if (b[i] === 124 && b[i + 1] === 32 && isStatus(b, i + 2, end)) return levelOfStatus(b, i + 2)
  return 0
}

/** `GET /health 200 1.2 ms`: Morgan. */
function statusBehindPath(b: Uint8Array, from: number, end: number): number {
  let i = from
  while (i < end && b[i] !== 32) i++
  i++
  while (i < end && b[i] !== 32) i++
  return isStatus(b, i + 1, end) ? levelOfStatus(b, i + 1) : 0
}

function closingQuote(b: Uint8Array, open: number, end: number): number {
  for (let i = open + 1; i < end; i++) {
    if (b[i] === 34) return i
    if (b[i] === 92) i++
  }
  return -1
}

/** `HTTP/1.1` or `HTTP/2` before the quote, or nothing that could be read: `"-"`, `""`. */
function endsRequest(b: Uint8Array, quote: number, from: number): boolean {
  if (quote - from < 3) return false
  if (b[quote - 1] === 34 || (b[quote - 1] === 45 && b[quote - 2] === 34)) return b[quote - 2] !== 92
  return startsWith(b, quote - 8, quote, HTTP) || startsWith(b, quote - 6, quote, HTTP)
}

const HTTP = bytesOf('HTTP/')

/** Place of the status behind ` 10/0/30/69/109 `, or 0. */
function behindTimers(b: Uint8Array, from: number, to: number): number {
  let slashes = 0
  for (let i = from; i < to; i++) {
    const c = b[i] as number
    if (c === 47) slashes++
    else if (c === 32) {
      if (slashes === 4 && isStatus(b, i + 1, to) && isDigit(b[i - 1] as number)) return i + 1
      slashes = 0
    } else if (!isDigit(c) && c !== 45 && c !== 43) slashes = 16
  }
  return 0
}

function isMethod(b: Uint8Array, i: number, to: number): boolean {
  let at = i
  while (at < to && (b[at] as number) >= 65 && (b[at] as number) <= 90) at++
  return at - i >= 3 && at - i <= 7 && b[at] === 32 && b[at + 1] === 47
}

function isStatus(b: Uint8Array, i: number, to: number): boolean {
  const first = b[i] as number
  if (first < 49 || first > 53 || !isDigit(b[i + 1] as number) || !isDigit(b[i + 2] as number)) return false
  return i + 3 === to || (i + 3 < to && b[i + 3] === 32)
}

function levelOfStatus(b: Uint8Array, i: number): number {
  return b[i] === 53 ? ERROR : b[i] === 52 ? WARN : INFO
}

function startsWith(b: Uint8Array, from: number, to: number, text: Uint8Array): boolean {
  if (from < 0 || from + text.length > to) return false
  for (let i = 0; i < text.length; i++) if (b[from + i] !== text[i]) return false
  return true
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57
}
