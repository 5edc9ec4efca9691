/** What is missing, in sentences: for `driftlog status`. */
import type { CompletenessAnswer, GapJson } from '../api/completeness.ts'
import { clock } from './records.ts'
import type { Output } from './search.ts'
import { bytesText, durationText, type Paint, table } from './terminal.ts'

/** Gaps that are told one by one: the newest. */
const MOST_GAPS = 20
const MOST_NOTES = 50

const CAUSES: Record<GapJson['cause'], string> = {
  'rotated-unread': 'rotated away before it was read',
  'removed-unread': 'removed before it was read',
  'hold-exceeded': 'too much waited for the hub',
  truncated: 'truncated before it was read',
  unreadable: 'could not be read',
  'source-gap': 'forgotten by its source before it was read',
  nul: 'zeros where lines should be'
}

export function missing(answer: CompletenessAnswer, out: Output): string {
  const { paint, utc } = out.look
  const { verdict, behind, gaps, gapCount, since, notes } = answer
  const from = since === undefined ? '' : `, kept since ${clock(since, utc)}`
  const lines: string[] = []
  if (verdict === 'complete') lines.push(`${paint('green', 'Complete')}${from}`)
  if (gapCount > 0) lines.push(paint('red', sum(answer)))
  for (const host of behind)
    lines.push(
      paint(
        'yellow',
        `${host.hostName} is ${durationText(host.behindMs)} behind: lines before ${clock(host.until, utc)} are complete`
      )
    )
  const blind = new Set(notes.filter((note) => note.blind).map(({ instance }) => instance)).size
  if (blind > 0) {
    const sources = blind === 1 ? '1 container that cannot tell' : `${blind} containers that cannot tell`
    lines.push(paint('yellow', `Complete but for ${sources}, see below`))
  }
  return `${lines.join('\n')}\n${gaps.length === 0 ? '' : gapTable(answer, out)}`
}

/** Settings that can lose lines, by container. */
export function noteTable({ notes, otherNotes }: CompletenessAnswer, paint: Paint): string {
  if (notes.length === 0) return ''
  const shown = notes.slice(0, MOST_NOTES)
  const more = otherNotes + notes.length - shown.length
  const rows = shown.map((note) => [
    note.hostName,
    note.containerName,
    note.code,
    `${note.message} ${note.advice}`
  ])
  return table([['HOST', 'CONTAINER', 'RISK', 'WHAT, AND THE WAY OUT'], ...rows], paint) + andMore(more)
}

function sum({ gapCount, bytes, lines, unknown }: CompletenessAnswer): string {
  const gaps = gapCount === 1 ? '1 gap' : `${gapCount.toLocaleString('en')} gaps`
  if (bytes === 0) return `${gaps} of unknown size`
  const about = lines > 0 ? `about ${lines.toLocaleString('en')} lines, ` : ''
  return `${gaps}: ${about}${bytesText(bytes)}${unknown > 0 ? ' and more' : ''} lost`
}

function gapTable({ gaps, gapCount }: CompletenessAnswer, { look: { paint, utc } }: Output): string {
  const shown = gaps.slice(-MOST_GAPS)
  const rows = shown.map((gap) => [
    gap.hostName,
    gap.containerName,
    gap.from ? clock(gap.from, utc) : 'the beginning',
    gap.to ? clock(gap.to, utc) : `noticed ${clock(gap.told, utc)}`,
    gap.bytes === undefined ? 'unknown' : `${gap.more ? 'at least ' : ''}${bytesText(gap.bytes)}`,
    gap.lines === undefined ? 'unknown' : `about ${gap.lines.toLocaleString('en')}`,
    CAUSES[gap.cause]
  ])
  const head = ['HOST', 'CONTAINER', 'FROM', 'TO', 'BYTES', 'LINES', 'CAUSE']
  return table([head, ...rows], paint) + andMore(gapCount - shown.length)
}

function andMore(count: number): string {
  return count > 0 ? `and ${count.toLocaleString('en')} more\n` : ''
}
