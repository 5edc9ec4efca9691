/** What stands for a container where the host's journal is read: one instance per unit of systemd. */
import { createHash } from 'node:crypto'
import type { InstanceFacts } from '../protocol.ts'

/** The protocol's limit. */
const LONGEST_ID = 128
const SUFFIX = /\.(service|socket|timer|mount|scope|slice|path|target|device|swap)$/

/** `orders@2.service`: app orders, replica 2. */
export function unitFacts(unit: string, environment: string): InstanceFacts {
  const [app = '', ...instance] = unit.replace(SUFFIX, '').split('@')
  const replica = instance.join('@')
  return {
    ...{ container: containerOf(unit), name: unit, app: (app || unit).slice(0, 255), environment },
    ...(replica && { replica }),
    ...{ identity: 'host', image: '', labels: {}, state: 'running', logSource: 'journal' }
  }
}

export function containerOf(unit: string): string {
  const id = `journal/${unit}`
  if (id.length <= LONGEST_ID) return id
  return `${id.slice(0, LONGEST_ID - 17)}~${createHash('sha256').update(unit).digest('hex').slice(0, 16)}`
}

/** Patterns with `*` and `?`, several with blanks or commas between; a name without suffix means a service. */
export function unitMatcher(patterns: string): (unit: string) => boolean {
  const all = patterns.split(/[\s,]+/).filter((pattern) => pattern !== '')
  const expressions = all.map((pattern) => {
    const whole = /[*?]/.test(pattern) || SUFFIX.test(pattern) || pattern === 'kernel'
    const text = (whole ? pattern : `${pattern}.service`).replace(/[.+^${}()|[\]\\]/g, '\\$&')
    return new RegExp(`^${text.replace(/\*+/g, '.*').replaceAll('?', '.')}$`, 's')
  })
  return (unit) => expressions.some((expression) => expression.test(unit))
}
