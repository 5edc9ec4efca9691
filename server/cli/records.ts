/** Records and moves as lines for a person. */
import type { MoveJson } from '../api/fleet.ts'
import type { LevelName, RecordJson } from '../api/logs.ts'
import { durationText, type Paint, type Style, safeText } from './terminal.ts'

export interface LineLook {
  paint: Paint
  colours: boolean
  /** Times in UTC instead of the machine's zone. */
  utc: boolean
  /** Many apps are shown, so each line says whose it is. */
  withApp: boolean
}

const LEVEL_STYLES: Record<LevelName, Style> = {
  unknown: 'dim',
  trace: 'dim',
  debug: 'dim',
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: 'magenta'
}

/** `2026-11-23 15:04:05.123 ERROR orders berlin-1  text` */
export function recordLine(record: RecordJson, look: LineLook): string {
  const { paint } = look
  const level = record.level === 'unknown' ? '-' : record.level.toUpperCase()
  const where = `${look.withApp ? `${safeText(record.app, false)} ` : ''}${safeText(record.hostName, false)}`
  const head = `${paint('dim', clock(record.time, look.utc))} ${paint(LEVEL_STYLES[record.level], level.padEnd(5))} ${paint('cyan', where)}`
  const text = safeText(record.text, look.colours).replaceAll('\n', '\n    ')
  return `${head}  ${text}\n`
}

/** `── orders moved berlin-1 → oslo-1 · exit code 137, out of memory · away 4.2 s ──` */
export function moveLine(move: MoveJson, look: LineLook): string {
  const cause = [
    move.oomKilled ? 'out of memory' : '',
    move.exitCode === undefined ? '' : `exit code ${move.exitCode}`,
    move.sameImage ? '' : 'new image'
  ].filter((text) => text !== '')
  const away =
    move.awayMs >= 0 ? `away ${durationText(move.awayMs)}` : `overlapping ${durationText(-move.awayMs)}`
  const text = [`${move.app} moved ${move.fromHostName} → ${move.toHostName}`, ...cause, away].join(' · ')
  return look.paint('magenta', `── ${clock(move.at, look.utc)} ${safeText(text, false)} ──\n`)
}

/** "2026-11-23T14:04:05.123456789Z" → "2026-11-23 15:04:05.123" */
export function clock(time: string, utc: boolean): string {
  const moment = new Date(time)
  const shiftMs = utc ? 0 : moment.getTimezoneOffset() * 60_000
  return new Date(moment.getTime() - shiftMs).toISOString().slice(0, 23).replace('T', ' ')
}
