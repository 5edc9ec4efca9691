/** Reads a JSON object straight into dotted names, without building the object. */
import { FieldSet, type Fields, type FieldValue } from './field-set.ts'

/** What lies deeper is kept as JSON text. */
const DEPTH_LIMIT = 16

/** Undefined unless an object begins at `start` and ends where the line ends. Takes time in proportion to the line. */
export function flatten(line: string, start: number): Fields | undefined {
  const scan: Scan = { line, at: start, set: new FieldSet() }
  if (!readObject(scan, '', 1)) return undefined
  skipSpace(scan)
  return scan.at === line.length && !scan.set.isEmpty ? scan.set.fields : undefined
}

interface Scan {
  line: string
  at: number
  set: FieldSet
}

/** False where the text is not JSON. */
function readObject(scan: Scan, path: string, depth: number): boolean {
  scan.at++
  if (skipTo(scan, '}')) {
    if (path !== '') scan.set.add(path, '{}')
    return true
  }
  do {
    skipSpace(scan)
    const key = readString(scan)
    if (key === undefined || !skipTo(scan, ':')) return false
    if (!readValue(scan, path === '' ? key : `${path}.${key}`, depth)) return false
  } while (skipTo(scan, ','))
  return skipTo(scan, '}')
}

function readList(scan: Scan, path: string, depth: number): boolean {
  scan.at++
  if (skipTo(scan, ']')) {
    scan.set.add(path, '[]')
    return true
  }
  do {
    if (!readValue(scan, path, depth)) return false
  } while (skipTo(scan, ','))
  return skipTo(scan, ']')
}

function readValue(scan: Scan, path: string, depth: number): boolean {
  skipSpace(scan)
  const first = scan.line[scan.at]
  if (first === '{' || first === '[') {
    if (depth >= DEPTH_LIMIT) return readRaw(scan, path)
    return first === '{' ? readObject(scan, path, depth + 1) : readList(scan, path, depth + 1)
  }
  const value = first === '"' ? readString(scan) : readWord(scan)
  if (value === undefined) return false
  scan.set.add(path, value)
  return true
}

/** The string that begins here; one with broken escapes is taken as it is written. */
function readString(scan: Scan): string | undefined {
  if (scan.line[scan.at] !== '"') return undefined
  const end = closingQuote(scan.line, scan.at)
  if (end < 0) return undefined
  const raw = scan.line.slice(scan.at, end + 1)
  scan.at = end + 1
  return unescaped(raw)
}

/** Place of the quote that closes the one at `open`, or -1. */
export function closingQuote(line: string, open: number): number {
  for (let end = line.indexOf('"', open + 1); end >= 0; end = line.indexOf('"', end + 1)) {
    let backslashes = 0
    while (end - 1 - backslashes > open && line[end - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return end
  }
  return -1
}

/** A quoted text without its quotes, escapes resolved. */
export function unescaped(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1)
  try {
    return JSON.parse(quoted) as string
  } catch {
    return quoted.slice(1, -1)
  }
}

const BARE = /[-+.\w]+/y

/** A number, true, false, null, or what Python writes for numbers that are none. */
function readWord(scan: Scan): FieldValue | undefined {
  BARE.lastIndex = scan.at
  const word = BARE.exec(scan.line)?.[0]
  if (word === undefined) return undefined
  scan.at += word.length
  const value = scalarOf(word)
  return typeof value !== 'string' || /^(?:-?\d[-+.\deE]*|NaN|-?Infinity)$/.test(value) ? value : undefined
}

/** true, false, null and the numbers that a double holds digit by digit; else the word itself. */
export function scalarOf(word: string): FieldValue {
  if (word === 'true') return true
  if (word === 'false') return false
  if (word === 'null') return null
  if (!/^-?\d/.test(word) || word.length > 24) return word
  const number = Number(word)
  return Number.isFinite(number) && String(number) === word ? number : word
}

/** An object or list as it is written. Its strings are skipped, its brackets counted. */
function readRaw(scan: Scan, path: string): boolean {
  const from = scan.at
  let open = 0
  while (scan.at < scan.line.length) {
    const character = scan.line[scan.at]
    if (character === '"') {
      const end = closingQuote(scan.line, scan.at)
      if (end < 0) return false
      scan.at = end
    } else if (character === '{' || character === '[') open++
    else if (character === '}' || character === ']') open--
    scan.at++
    if (open === 0) {
      scan.set.add(path, scan.line.slice(from, scan.at))
      return true
    }
  }
  return false
}

/** Skips spaces and then `character`; false where something else stands there. */
function skipTo(scan: Scan, character: string): boolean {
  skipSpace(scan)
  if (scan.line[scan.at] !== character) return false
  scan.at++
  return true
}

function skipSpace(scan: Scan): void {
  for (;;) {
    const code = scan.line.charCodeAt(scan.at)
    if (code !== 32 && code !== 9 && code !== 10 && code !== 13) return
    scan.at++
  }
}
