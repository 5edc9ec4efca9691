/** The same question as a command: what a person takes from the page into a shell. */
import type { RecordJson } from '../../server/api/logs.ts'
import { nanosOf, shifted, timeOf } from '../list/order.ts'
import type { View } from '../state/view.ts'

interface Range {
  from: string | undefined
  to: string | undefined
}

/** @param withToken the hub demands one; it stands in the command as a variable, never as itself. */
export function curlOf(view: View, range: Range, withToken: boolean, origin = location.origin): string {
  return command(origin, withToken, [
    ['q', view.q],
    ['app', view.app],
    ['environment', view.environment],
    ['from', range.from ?? view.from],
    ['to', range.to ?? view.to],
    ['limit', '1000']
  ])
}

/** Asks for what the query gives at this record's very instant. */
export function curlOfRecord(
  record: RecordJson,
  view: View,
  withToken: boolean,
  origin = location.origin
): string {
  return command(origin, withToken, [
    ['q', view.ctx === '' ? view.q : ''],
    ['app', record.app],
    ['environment', record.environment],
    ['from', timeOf(nanosOf(record.time))],
    ['to', shifted(record.time, 1n)]
  ])
}

function command(origin: string, withToken: boolean, asked: [name: string, value: string][]): string {
  const parts = ['curl -sS -G', quoted(`${origin}/api/logs`), "-H 'Accept: application/x-ndjson'"]
  if (withToken) parts.push('-H "Authorization: Bearer $DRIFTLOG_TOKEN"')
  for (const [name, value] of asked) {
    if (value !== '') parts.push(`--data-urlencode ${quoted(`${name}=${value}`)}`)
  }
  return parts.join(' ')
}

/** In single quotes a shell reads nothing but the quote itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
