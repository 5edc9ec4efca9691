/**
 * Labels of a record's container, as Kibana's users look for them: `labels.com_docker_compose_project`. Every record holds
 * them, so they are few and short; what looks like a secret is left out.
 */
import type { Labels } from '../../handling.ts'
import { ColumnsBuilder } from '../../parse/columns.ts'
import { Redactor } from '../../parse/redact.ts'

/** Of one container. */
const MOST_LABELS = 24
/** Names and values of all of them together, in UTF-16 units. */
const MOST_UNITS = 1024
/** Longer values are texts of people or settings of programs; nobody filters by them. */
const LONGEST_VALUE = 128
/** Nor by what computers call an image or a configuration. */
const HASH = /^(?:sha256:)?[0-9a-f]{40,}$/

/** The shortest labels, as many as fit, in the order of their names. */
export function keptLabels(labels: Labels): Record<string, string> {
  const short = Object.entries(labels)
    .map(([name, value]) => [nameOf(name), value] as const)
    .filter(
      ([name, value]) => value.length <= LONGEST_VALUE && name.length <= MOST_UNITS && !HASH.test(value)
    )
    .sort((a, b) => sizeOf(a) - sizeOf(b) || (a[0] < b[0] ? -1 : 1))
  const kept = new Map<string, string>()
  let left = MOST_UNITS
  for (const entry of short) {
    if (kept.size === MOST_LABELS || sizeOf(entry) > left) break
    const [name, value] = entry
    if (kept.has(name) || isSecret(name, value)) continue
    kept.set(name, value)
    left -= sizeOf(entry)
  }
  return Object.fromEntries([...kept].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Dots would be paths. The cluster refuses a NUL. */
function nameOf(name: string): string {
  return name.replace(/[.\0]/g, '_')
}

function sizeOf([name, value]: readonly [string, string]): number {
  return name.length + value.length
}

/** What the built-in rules would take out of a line. */
function isSecret(name: string, value: string): boolean {
  const text = Buffer.from(`${name}=${value}`)
  const columns = new ColumnsBuilder()
  columns.reserve(text.length)
  columns.text.set(text)
  const redactor = new Redactor()
  redactor.apply({ builtIn: true, own: [] }, columns, 0, text.length, ['no'], 0)
  return redactor.found
}
