/** Lines of traces told by their bytes: asked for every line, so most must be told from their first and last ones. */
import { fourOf } from './four.ts'

const SPACE = 32

/** Ends of names that stand for what was thrown: `…Exception`, `…Error`, `…Throwable`, `…Failure`, `…Fault`. */
const THROWN_ENDS = new Set(
  ['rror', 'tion', 'able', 'lure', 'ault', 'rupt', 'Exit', 'eout', 'ning'].map(fourOf)
)
const FIRST_WORDS = new Set(
  [
    ...['Trac', 'pani', 'fata', 'goro', 'thre', 'Exce', 'Caus', 'Unha', 'Unca', 'PHP ', 'Fata', 'Pars'],
    ...['[sig', '(nod', 'node', 'file', '--- ', '\tat ', '\tfro', '#0 /', 'SIGS', 'info', 'warn', 'fail'],
    ...[
      'trce',
      'dbug',
      'crit',
      'runt',
      'unex',
      '#0 [',
      'Reca',
      'SIGQ',
      'SIGA',
      'SIGB',
      'SIGI',
      'Inte',
      'Task',
      'Futu',
      'Proc',
      'Stac',
      'rake',
      'NOTI',
      'WARN',
      '****',
      'Desc',
      'Acti',
      ...['Jan ', 'Feb ', 'Mar ', 'Apr ', 'May ', 'Jun ', 'Jul ', 'Aug ', 'Sep ', 'Oct ', 'Nov ', 'Dec ']
    ]
  ].map(fourOf)
)

/** Bytes of names: letters, digits and what stands in paths and packages. */
const NAME = new Uint8Array(256)
for (let c = 48; c < 58; c++) NAME[c] = 1
for (let c = 65; c < 91; c++) NAME[c] = NAME[c + 32] = 1
for (const c of '_$.\\/-') NAME[c.charCodeAt(0)] = 1

/** First letters of FIRST_WORDS. */
const FIRST_LETTERS = new Uint8Array(256)
for (const word of FIRST_WORDS) FIRST_LETTERS[word & 0xff] = 1

/** False for nearly every line; true says only that it must be looked at. */
export function isPeculiar(b: Uint8Array, view: DataView, from: number, to: number, level: number): boolean {
  if (to - from < 2) return to > from && (b[from] === 123 || b[from] === 91)
  const first = b[from] as number
  const last = lastOf(b, from, to)
  if (last === 58 || last === 123 || last === 91) return true
  if (to - from < 6) return to - from === 5 && view.getInt32(from, true) === ARRA
  if (last === 44 && (first === 123 || first === 91)) return true
  if (first === SPACE) return mayBeFrame(b, from, to)
  if (first >= 48 && first <= 57) return level === 0 && isToldBehindTime(b, view, from, to)
  if (FIRST_LETTERS[first] === 1 && FIRST_WORDS.has(view.getInt32(from, true))) return true
  if (NAME[first] === 1) return first === 47 ? mayBePlace(b, from, to) : mayBeThrown(b, view, from, to)
  if (first === 34) return b[to - 2] !== 34
  if (first === 91) return last === 41 || (level === 0 && isToldBehindTime(b, view, from, to))
  return first === 0xe2 && b[from + 1] === 0x94
}

/** The same for a line below one that introduces a trace. */
export function mayFollow(b: Uint8Array, view: DataView, from: number, to: number): boolean {
  const first = b[from] as number
  const last = b[to - 1] as number
  if (
    first <= SPACE ||
    last === 58 ||
    first === 33 ||
    first === 35 ||
    first === 45 ||
    first >= 128 ||
    first === 27
  )
    return true
  if (first === 91) return last === 93 || hasIn(b, from, to) || b[from + 1] === 115 || b[from + 1] === 112
  if (to - from < 4) return false
  if (FIRST_LETTERS[first] === 1 && FIRST_WORDS.has(view.getInt32(from, true))) return true
  if (NAME[first] === 0) return false
  let i = from + 1
  let dotted = false
  for (; i < to && (NAME[b[i] as number] === 1 || b[i] === 58); i++) dotted ||= b[i] === 46 || b[i] === 58
  // `Stack trace:`, `Next …`, or a name with a package, a path, something thrown.
  return dotted || i === to || first === 83 || first === 78 || mayBeThrown(b, view, from, to)
}

/** `/app/server.js:12`, `/app/shop.rb:7:in …` */
function mayBePlace(b: Uint8Array, from: number, to: number): boolean {
  const last = b[to - 1] as number
  return (last >= 48 && last <= 57) || hasIn(b, from, to) || hasPlace(b, from, to)
}

/** `….py:20: `: where Python warns of something. */
function hasPlace(b: Uint8Array, from: number, to: number): boolean {
  const limit = Math.min(to - 4, from + TOLD_BYTES * 2)
  for (let i = from; i < limit; i++)
    if (b[i] === 46 && b[i + 1] === 112 && b[i + 2] === 121 && b[i + 3] === 58) return true
  return false
}

/** The line begins with a name that ends as names of what is thrown do, or with a place as in Ruby's frames. */
function mayBeThrown(b: Uint8Array, view: DataView, from: number, to: number): boolean {
  let i = from + 1
  while (i < to && (NAME[b[i] as number] === 1 || (b[i] === 58 && b[i + 1] === 58 && ++i < to))) i++
  if (i - from < 4) return false
  if (b[i] === 58 && (b[i + 1] as number) >= 48 && (b[i + 1] as number) <= 57) return hasIn(b, i, to)
  return THROWN_ENDS.has(view.getInt32(i - 4, true))
}

/** `    at …`, `  File "…`, `  + Exception Group …` */
function mayBeFrame(b: Uint8Array, from: number, to: number): boolean {
  let i = from + 1
  while (i < to && b[i] === SPACE) i++
  const c = b[i]
  return (
    c === 0xe2 ||
    (c === 97 && b[i + 1] === 116) ||
    (c === 70 && b[i + 1] === 105) ||
    (c === 43 && b[i + 2] === 69)
  )
}

/** `…Error: `, `…Exception: `, `/ERROR]`, `panic` behind a time that stands at the beginning. */
function isToldBehindTime(b: Uint8Array, view: DataView, from: number, to: number): boolean {
  const date = b[from] === 91 ? from + 1 : from
  if (b[date + 4] === 47 && b[date + 7] === 47) return true
  if (b[date + 4] !== 45 && b[date + 2] !== 58) return false
  const limit = Math.min(to - 1, from + TOLD_BYTES)
  for (let i = from + 9; i < limit; i++) {
    const c = b[i]
    if (c === 47) {
      const letter = b[i + 1]
      if (letter === 69 || letter === 70 || letter === 67 || letter === 87) return true
    } else if (c === 58 && b[i + 1] === SPACE) {
      const four = view.getInt32(i - 4, true)
      if (four === RROR || four === TION || (b[i + 2] === 69 && b[i + 3] === 82)) return true
    }
  }
  return false
}

const TOLD_BYTES = 120
const ARRA = fourOf('Arra')
const RROR = fourOf('rror')
const TION = fourOf('tion')

/** `:in ` as in Ruby's frames. */
function hasIn(b: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i + 4 < to; i++)
    if (b[i] === 58 && b[i + 1] === 105 && b[i + 2] === 110 && b[i + 3] === SPACE) return true
  return false
}

/** The last byte that is no space. */
export function lastOf(b: Uint8Array, from: number, to: number): number {
  let i = to - 1
  while (i > from && b[i] === SPACE) i--
  return b[i] as number
}

/** A whole JSON object, pairs as in `level=error msg=…`, a request: says all that there is to say. */
export function isStructured(b: Uint8Array, from: number, to: number): boolean {
  if (b[from] === 123) return b[to - 1] === 125
  let i = from
  while (i < to && (b[i] as number) >= 97 && (b[i] as number) <= 122) i++
  return (i > from && i < to && b[i] === 61) || tellsRequest(b, from, to)
}

/** `… "GET /cart HTTP/1.1" 500 …`: a request that failed is one line of an access log. */
function tellsRequest(b: Uint8Array, from: number, to: number): boolean {
  const limit = Math.min(to - 8, from + REQUEST_BYTES)
  for (let i = from; i < limit; i++) {
    if (b[i] !== 34 || b[i + 1] === 47) continue
    let end = i + 1
    while (end < to && (b[end] as number) >= 65 && (b[end] as number) <= 90) end++
    if (end - i > 3 && b[end] === SPACE && b[end + 1] === 47) return true
  }
  return false
}

const REQUEST_BYTES = 256
