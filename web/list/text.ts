/** What of a record stands in its row. The whole of it is in the opened record. */
import type { RecordJson } from '../../server/api/logs.ts'
import { stripped } from './ansi.ts'

/** A longer text costs the browser 7 ms at 64 KiB and 129 ms at 1 MiB to lay out, 2 ms at this length. */
export const DRAWN_LENGTH = 8 * 1024
/** How much is kept before the first hit when the cut moves to it. */
const BEFORE_HIT = 200

export interface Shown {
  /** May hold escape sequences. */
  text: string
  /** Lines of the event below the first one; 0 where the text is one line, or all are shown. */
  folded: number
}

const MESSAGE_NAMES = ['message', 'msg', 'log', 'event', '@message', 'body', 'text']
/** Said already by the row's own columns. */
const SAID = new Set(['time', 'timestamp', '@timestamp', 'ts', 'level', 'severity', 'lvl', 'log.level', 't'])

/** @param pretty message and fields of a JSON line instead of its text, and no time stamp that repeats ours. */
export function shownText(record: RecordJson, pretty: boolean, unfolded: boolean): Shown {
  const text = pretty ? prettyText(record) : record.text
  if (unfolded) return { text, folded: 0 }
  const end = text.indexOf('\n')
  if (end < 0) return { text, folded: 0 }
  let lines = 0
  for (let at = end; at >= 0 && at < text.length - 1; at = text.indexOf('\n', at + 1)) lines++
  return { text: text.slice(0, end), folded: lines }
}

/** The part of a long plain text that is drawn: around the first hit where that lies behind the cut. */
export function drawnPart(plain: string, firstHit: number | undefined): { from: number; to: number } {
  if (plain.length <= DRAWN_LENGTH) return { from: 0, to: plain.length }
  if (firstHit === undefined || firstHit < DRAWN_LENGTH - BEFORE_HIT) return { from: 0, to: DRAWN_LENGTH }
  const from = Math.min(firstHit - BEFORE_HIT, plain.length - DRAWN_LENGTH)
  return { from: safeCut(plain, from), to: Math.min(plain.length, from + DRAWN_LENGTH) }
}

function prettyText(record: RecordJson): string {
  if (record.fields && /^\s*\{/.test(record.text)) {
    const said = fromFields(record.fields)
    if (said !== '') return said
  }
  return withoutOwnTime(record)
}

function fromFields(fields: NonNullable<RecordJson['fields']>): string {
  const name = MESSAGE_NAMES.find((candidate) => typeof fields[candidate] === 'string')
  const rest: string[] = []
  let length = 0
  for (const field in fields) {
    if (field === name || SAID.has(field.toLowerCase())) continue
    const value = String(fields[field])
    const piece =
      /[\s"=]/.test(value) || value === '' ? `${field}=${JSON.stringify(value)}` : `${field}=${value}`
    rest.push(piece)
    length += piece.length
    if (length > DRAWN_LENGTH) break
  }
  const message = name === undefined ? '' : String(fields[name])
  const lines = message.indexOf('\n')
  if (lines < 0) return [message, ...rest].filter(Boolean).join(' ')
  return `${[message.slice(0, lines), ...rest].join(' ')}${message.slice(lines)}`
}

const OWN_TIME =
  /^(?:\x1b\[[\d;]*m)*[[(]?(?:\d{4}[-/]\d\d[-/]\d\d[T ])?\d\d:(\d\d):(\d\d)(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?[\])]?(?:\x1b\[[\d;]*m)*[ \t]+/

/** Zones differ by whole quarters of an hour, so minutes within one and seconds tell that it is the same moment. */
function withoutOwnTime(record: RecordJson): string {
  const match = OWN_TIME.exec(record.text)
  if (!match || match[0].length >= record.text.length) return record.text
  const written = (Number(match[1]) % 15) * 60 + Number(match[2])
  const ours = (Number(record.time.slice(14, 16)) % 15) * 60 + Number(record.time.slice(17, 19))
  const apart = Math.abs(written - ours)
  return Math.min(apart, 900 - apart) <= 1 ? record.text.slice(match[0].length) : record.text
}

/** The line as a person copies it: time, host, text without escape sequences. */
export function lineOf(record: RecordJson): string {
  return `${record.time} ${record.hostName} ${record.app} ${stripped(record.text)}`
}

/** Not between the halves of one character. */
function safeCut(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code >= 0xdc00 && code <= 0xdfff ? at + 1 : at
}
