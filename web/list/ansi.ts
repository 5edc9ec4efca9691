/**
 * Escape sequences in a line: colours and weights (SGR) are read, everything else is taken out. What is left is
 * plain text with runs of style; nothing of the line is ever HTML.
 */

export interface Style {
  /** 0 … 15, or a colour as `r,g,b`. */
  colour: number | string | undefined
  background: number | string | undefined
  bold: boolean
  dim: boolean
  italic: boolean
  underline: boolean
  struck: boolean
  inverse: boolean
}

export interface Run {
  /** UTF-16 offsets into the plain text, `to` exclusive. */
  from: number
  to: number
  style: Style
}

export interface Plain {
  text: string
  /** Only where something differs from the plain style. */
  runs: Run[]
}

const PLAIN: Style = {
  colour: undefined,
  background: undefined,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  struck: false,
  inverse: false
}

/**
 * CSI (any final byte), OSC and the other strings up to BEL or ST (or the line's end), two-byte sequences, a lone
 * ESC; the 8-bit forms of CSI and OSC as well.
 */
const SEQUENCE =
  /(?:\x1b\[|\x9b)([\x30-\x3f]*)[\x20-\x2f]*([\x40-\x7e]?)|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?|\x1b[\x20-\x2f]*[\x30-\x7e]?/g

/** Control characters that would move, hide or break what stands beside them; newline and tab are kept. */
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g

export function stripped(text: string): string {
  return hasControls(text)
    ? text
        .replace(SEQUENCE, '')
        .replace(/\r(?=\n|$)/g, '')
        .replace(CONTROLS, '')
    : text
}

export function readAnsi(text: string): Plain {
  if (!hasControls(text)) return { text, runs: [] }
  let plain = ''
  let style = PLAIN
  let at = 0
  const runs: Run[] = []
  const add = (piece: string) => {
    const clean = piece.replace(/\r(?=\n|$)/g, '').replace(CONTROLS, '')
    if (clean === '') return
    if (style !== PLAIN) runs.push({ from: plain.length, to: plain.length + clean.length, style })
    plain += clean
  }
  for (const match of text.matchAll(SEQUENCE)) {
    add(text.slice(at, match.index))
    at = match.index + match[0].length
    if (match[2] === 'm') style = sgr(match[1] ?? '', style)
  }
  add(text.slice(at))
  return { text: plain, runs }
}

function hasControls(text: string): boolean {
  return /[\x00-\x08\x0b-\x1f\x7f-\x9f]/.test(text)
}

function sgr(parameters: string, before: Style): Style {
  if (!/^[\d;:]*$/.test(parameters)) return before
  let style = before
  const codes = parameters.replace(/:/g, ';').split(';').map(Number)
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0
    if (code === 0) style = PLAIN
    else if (code === 38 || code === 48) {
      const [colour, used] = extended(codes.slice(i + 1))
      i += used
      if (colour !== undefined) style = { ...style, [code === 38 ? 'colour' : 'background']: colour }
    } else style = { ...style, ...simple(code) }
  }
  return isPlain(style) ? PLAIN : style
}

function simple(code: number): Partial<Style> {
  if (code >= 30 && code <= 37) return { colour: code - 30 }
  if (code >= 90 && code <= 97) return { colour: code - 82 }
  if (code >= 40 && code <= 47) return { background: code - 40 }
  if (code >= 100 && code <= 107) return { background: code - 92 }
  switch (code) {
    case 1:
      return { bold: true }
    case 2:
      return { dim: true }
    case 3:
      return { italic: true }
    case 4:
    case 21:
      return { underline: true }
    case 7:
      return { inverse: true }
    case 9:
      return { struck: true }
    case 22:
      return { bold: false, dim: false }
    case 23:
      return { italic: false }
    case 24:
      return { underline: false }
    case 27:
      return { inverse: false }
    case 29:
      return { struck: false }
    case 39:
      return { colour: undefined }
    case 49:
      return { background: undefined }
    default:
      return {}
  }
}

/** The colour behind 38 or 48, and how many codes it took. */
function extended(codes: readonly number[]): [colour: number | string | undefined, used: number] {
  const [kind, a = 0, b = 0, c = 0] = codes
  if (kind === 2) return [`${byte(a)},${byte(b)},${byte(c)}`, 4]
  if (kind !== 5) return [undefined, 0]
  if (a < 16) return [a, 2]
  if (a >= 232) {
    const grey = 8 + (byte(a) - 232) * 10
    return [`${grey},${grey},${grey}`, 2]
  }
  const cube = byte(a) - 16
  const level = (n: number) => (n === 0 ? 0 : 55 + n * 40)
  return [`${level(Math.floor(cube / 36))},${level(Math.floor(cube / 6) % 6)},${level(cube % 6)}`, 2]
}

function byte(n: number): number {
  return Math.max(0, Math.min(255, n | 0))
}

function isPlain(style: Style): boolean {
  return (
    style.colour === undefined &&
    style.background === undefined &&
    !(style.bold || style.dim || style.italic || style.underline || style.struck || style.inverse)
  )
}
