import type { CSSProperties, ReactNode } from 'react'
import type { Plain, Style } from './ansi.ts'
import { type Mark, pieces } from './marks.ts'

interface LineTextProps {
  plain: Plain
  from: number
  to: number
  marks: readonly Mark[]
  /** Web addresses become links. */
  links?: boolean
}

/** A part of a line: text and nothing but text, with the colours that its escape sequences asked for. */
export function LineText({ plain, from, to, marks, links = false }: LineTextProps) {
  if (plain.runs.length === 0 && marks.length === 0) return linked(plain.text.slice(from, to), links)
  return pieces(from, to, plain.runs, marks).map((piece) => {
    const text = linked(plain.text.slice(piece.from, piece.to), links)
    const style = piece.style ? cssOf(piece.style) : undefined
    if (piece.mark) {
      return (
        <mark key={piece.from} className={piece.mark === 'hit' ? undefined : piece.mark} style={style}>
          {text}
        </mark>
      )
    }
    return style ? (
      <span key={piece.from} style={style}>
        {text}
      </span>
    ) : (
      text
    )
  })
}

/** Our own sixteen colours; others are moved in lightness until they can be read in the theme. */
export function cssOf(style: Style): CSSProperties {
  const colour = style.inverse ? style.background : style.colour
  const background = style.inverse ? (style.colour ?? 7) : style.background
  return {
    ...(colour !== undefined ? { color: readable(colour) } : style.dim ? { color: 'var(--ansi-dim)' } : {}),
    ...(background !== undefined
      ? { backgroundColor: `color-mix(in oklab, ${readable(background)} 25%, transparent)` }
      : {}),
    ...(style.bold ? { fontWeight: 600 } : {}),
    ...(style.italic ? { fontStyle: 'italic' } : {}),
    ...(style.underline || style.struck
      ? {
          textDecoration: [style.underline && 'underline', style.struck && 'line-through']
            .filter(Boolean)
            .join(' ')
        }
      : {})
  }
}

function readable(colour: number | string): string {
  if (typeof colour === 'number') return `var(--ansi-${colour})`
  const rgb = `rgb(${colour})`
  return `light-dark(oklch(from ${rgb} min(l, 0.5) c h), oklch(from ${rgb} max(l, 0.74) c h))`
}

const ADDRESS = /\bhttps?:\/\/[^\s"'<>`{}|\\^\x00-\x1f]+/g

/** Only http and https, and the page we come from is nobody's business. */
function linked(text: string, wanted: boolean): ReactNode {
  if (!wanted || !text.includes('://')) return text
  const parts: ReactNode[] = []
  let at = 0
  for (const match of text.matchAll(ADDRESS)) {
    const address = match[0].replace(/[).,;:!?\]]+$/, '')
    parts.push(
      text.slice(at, match.index),
      <a key={match.index} href={address} target="_blank" rel="noopener noreferrer nofollow">
        {address}
      </a>
    )
    at = match.index + address.length
  }
  parts.push(text.slice(at))
  return parts
}
