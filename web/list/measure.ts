/**
 * Heights by arithmetic: what a text will take is known before it is drawn, so that the list never jumps. The
 * browser breaks where it wants to (`pre-wrap`, `break-all`), which a monospaced face makes countable: ≈ 0.5 µs
 * a row, against a layout for every row.
 */
import type { RecordJson } from '../../server/api/logs.ts'
import { stripped } from './ansi.ts'
import { DRAWN_LENGTH, shownText } from './text.ts'

export interface Face {
  /** Width of one Latin cell and of one Han glyph in px; the latter is not two of the former. */
  cell: number
  wide: number
}

/** One way of drawing rows; another object means that everything is measured again. */
export interface Sheet {
  face: Face
  /** Width that the text has, in px. */
  textWidth: number
  wrap: boolean
  pretty: boolean
  /** Two lines a row: meta above, text below. */
  narrow: boolean
  lineHeight: number
  /** Of the row beside its lines. */
  padding: number
}

/** Not more than this many lines of an unfolded event are drawn in its row. */
export const MOST_LINES = 400
const TAB_CELLS = 8

export function rowHeight(record: RecordJson, sheet: Sheet, unfolded: boolean): number {
  let lines = 1
  if (sheet.wrap || unfolded) {
    const { text } = shownText(record, sheet.pretty, unfolded)
    lines = Math.min(MOST_LINES, linesOf(cut(stripped(text)), sheet))
  }
  return sheet.padding + (sheet.narrow ? sheet.lineHeight : 0) + lines * sheet.lineHeight
}

/** How many lines a plain text takes; without wrapping one for each of its own. */
export function linesOf(text: string, sheet: Pick<Sheet, 'face' | 'textWidth' | 'wrap'>): number {
  const { face, textWidth, wrap } = sheet
  // 0.01 px: a line that fits exactly is not to be broken by rounding
  const perLine = Math.max(1, Math.floor((textWidth + 0.01) / face.cell))
  if (wrap && text.length <= perLine && /^[\x20-\x7e]*$/.test(text)) return 1
  let lines = 1
  let width = 0
  const limit = textWidth + 0.01
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 10) {
      lines++
      width = 0
      continue
    }
    if (!wrap) continue
    let advance = face.cell
    if (code === 9) advance = (TAB_CELLS - (Math.round(width / face.cell) % TAB_CELLS)) * face.cell
    else if (code >= 0x1100 && isWide(code)) {
      advance = face.wide
      if (code >= 0xd800 && code <= 0xdbff) i++
    } else if (isNothing(code)) advance = 0
    if (width + advance > limit && width > 0) {
      // spaces hang at the end of a line
      if (code === 32) continue
      lines++
      width = 0
    }
    width += advance
  }
  return lines
}

function cut(text: string): string {
  return text.length > DRAWN_LENGTH ? text.slice(0, DRAWN_LENGTH) : text
}

/** East Asian wide ranges, roughly; a measured row corrects what is not exact. */
function isWide(code: number): boolean {
  return (
    code <= 0x115f ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xdfff) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6)
  )
}

function isNothing(code: number): boolean {
  return (code >= 0x300 && code <= 0x36f) || (code >= 0x200b && code <= 0x200f) || code === 0xfeff
}

/** The face that rows are drawn in, as this browser has it. */
export function measureFace(font: string): Face {
  const context = document.createElement('canvas').getContext('2d')
  if (!context) return { cell: 7.83, wide: 13 }
  context.font = font
  return {
    cell: context.measureText('x'.repeat(100)).width / 100,
    wide: context.measureText('中'.repeat(100)).width / 100
  }
}
