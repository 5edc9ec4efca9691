/** What goes to a person: colours only on a terminal, progress only where someone waits in front of one. */
import type { Writable } from 'node:stream'

type Output = Writable & { isTTY?: boolean; columns?: number }

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const
export type Style = keyof typeof CODES
export type Paint = (style: Style, text: string) => string

/** NO_COLOR switches colours off anywhere, FORCE_COLOR on (no-color.org, force-color.org); else only a terminal gets them. */
export function coloursWanted(output: Output, env: NodeJS.ProcessEnv): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = env
  if (NO_COLOR) return false
  if (FORCE_COLOR !== undefined) return !['0', 'false'].includes(FORCE_COLOR)
  return output.isTTY === true && TERM !== 'dumb'
}

export function paintFor(output: Output, env: NodeJS.ProcessEnv): Paint {
  if (!coloursWanted(output, env)) return (_, text) => text
  return (style, text) => `\u001b[${CODES[style]}m${text}\u001b[0m`
}

export interface Progress {
  say(text: string): void
  /** Wipes the line. */
  done(): void
}

/** One line on a terminal that is written over; nothing at all elsewhere. */
export function progressOn(output: Output): Progress {
  if (output.isTTY !== true) return { say: () => {}, done: () => {} }
  let saidMs = 0
  return {
    say: (text) => {
      if (Date.now() - saidMs < 80) return
      saidMs = Date.now()
      output.write(`\r\u001b[2K${text.slice(0, (output.columns || 80) - 1)}`)
    },
    done: () => output.write('\r\u001b[2K')
  }
}

/**
 * Log text as a terminal may have it: colours (SGR) stay where `colours` says so, every other escape sequence
 * and control character is made harmless, because a log line must not steer the reader's terminal.
 */
export function safeText(text: string, colours: boolean): string {
  let painted = false
  const safe = text.replace(STEERING, (found, colour: string | undefined) => {
    if (colour !== undefined && colours) painted = true
    if (colour !== undefined) return colours ? found : ''
    return found.length > 1 || found === '\r' ? '' : pictureOf(found)
  })
  return painted ? `${safe}\u001b[0m` : safe
}

/** As safeText(), in one line. */
export function safeLine(text: string): string {
  return safeText(text, false).replaceAll('\n', ' ')
}

/** A colour; or another escape sequence (CSI, OSC and its kin, short ones); or a control character except tab and newline. */
const STEERING =
  /(\u001b\[[\d;:]*m)|\u001b\[[0-?]*[ -/]*[@-~]|\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[ -/]*[0-Z\\^-~]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

function pictureOf(character: string): string {
  const code = character.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  return code === 0x7f ? '\u2421' : '\ufffd'
}

/** Columns side by side; the last one is not padded. */
export function table(rows: readonly (readonly string[])[], paint: Paint): string {
  const widths = rows.reduce<number[]>(
    (most, row) => row.map((cell, n) => Math.max(most[n] ?? 0, widthOf(cell))),
    []
  )
  return rows
    .map((row, index) => {
      const cells = row.map(
        (cell, n) => cell + (n === row.length - 1 ? '' : ' '.repeat((widths[n] ?? 0) - widthOf(cell)))
      )
      const line = cells.join('  ').trimEnd()
      return `${index === 0 ? paint('dim', line) : line}\n`
    })
    .join('')
}

/** Columns that a text takes: Chinese, Japanese and Korean characters take two. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += isWide(character) ? 2 : 1
  return width
}

export function isWide(character: string): boolean {
  return /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u.test(
    character
  )
}

export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let n = 0
  while (bytes >= 1024 && n < units.length - 1) {
    bytes /= 1024
    n++
  }
  return `${n === 0 ? bytes : bytes.toFixed(1)} ${units[n]}`
}

export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`
  return ms < 172_800_000 ? `${(ms / 3_600_000).toFixed(1)} h` : `${Math.round(ms / 86_400_000)} d`
}
