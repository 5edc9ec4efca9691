/** Control and invisible characters drawn as signs, so that what a line really holds can be seen. */
const PICTURES: Record<number, string> = {
  127: '␡',
  133: '<NEL>',
  160: '<NBSP>',
  173: '<SHY>',
  65279: '<BOM>'
}

export interface RawPiece {
  text: string
  /** A sign that stands for something unseen. */
  isSign: boolean
}

const UNSEEN =
  /[\x00-\x08\x0b-\x1f\x7f-\xa0\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g

export function rawPieces(text: string): RawPiece[] {
  const pieces: RawPiece[] = []
  let at = 0
  for (const match of text.matchAll(UNSEEN)) {
    if (match.index > at) pieces.push({ text: text.slice(at, match.index), isSign: false })
    pieces.push({ text: signOf(match[0].charCodeAt(0)), isSign: true })
    at = match.index + 1
  }
  if (at < text.length) pieces.push({ text: text.slice(at), isSign: false })
  return pieces
}

function signOf(code: number): string {
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  return PICTURES[code] ?? `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`
}
