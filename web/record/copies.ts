/** Rows as other programs want them. Times are RFC 3339 in UTC with all digits. */
import type { RecordJson } from '../../server/api/logs.ts'
import { lineOf } from '../list/text.ts'

export function rowsAsText(records: readonly RecordJson[]): string {
  return records.map(lineOf).join('\n')
}

export function rowsAsNdjson(records: readonly RecordJson[]): string {
  return records.map((record) => JSON.stringify(record)).join('\n')
}

/** RFC 4180; the chosen columns stand between level and text. */
export function rowsAsCsv(records: readonly RecordJson[], columns: readonly string[]): string {
  const head = ['time', 'host', 'app', 'instance', 'level', ...columns, 'text']
  const rows = records.map((record) => [
    record.time,
    record.hostName,
    record.app,
    record.instance,
    record.level,
    ...columns.map((column) => String(record.fields?.[column] ?? '')),
    record.text
  ])
  return [head, ...rows].map((row) => row.map(cell).join(',')).join('\r\n')
}

/** Fields as `name: value` lines. */
export function fieldsAsText(record: RecordJson): string {
  return fieldsOf(record)
    .map(({ name, value }) => `${name}: ${value}`)
    .join('\n')
}

export interface Field {
  name: string
  value: string
  type: 'text' | 'number' | 'true/false' | 'null'
}

export function fieldsOf(record: RecordJson): Field[] {
  return Object.entries(record.fields ?? {}).map(([name, value]) => ({
    name,
    value: String(value),
    type:
      value === null
        ? 'null'
        : typeof value === 'number'
          ? 'number'
          : typeof value === 'boolean'
            ? 'true/false'
            : 'text'
  }))
}

/** A value that a spreadsheet would read as a formula is kept from being one. */
function cell(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
