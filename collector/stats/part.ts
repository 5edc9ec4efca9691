/** What is known of the numbers of one host beside its blocks. */
import { entryOf } from './journal.ts'
import { endOf, type Previous, packed, type Row, rowOf, type Sample } from './rows.ts'
import { FORGOTTEN_MS, type Standing } from './seal.ts'

/** An entry that is not on the shelf yet. */
export interface Unwritten {
  bytes: Buffer
  samples: number
  takenMs: number
}

export interface HostPart {
  host: string
  /** Of the seals up to this one the rows are in blocks. */
  number: number
  ends: Standing['ends']
  /** A seal may be open: blocks are not to be read before it is closed. */
  isOpen: boolean
  /** Entries whose rows are not in blocks. */
  entries: Set<string>
  unwritten: Map<string, Unwritten>
  /** Of these entries, by subject, in the order of their time; see packed(). */
  rows: Map<string, Float64Array[]>
  previous: Map<string, Previous>
  latest: Map<string, Row>
  /** How often `entries` was changed beside rebuilding it. */
  changes: number
  /** What is done with this host one after another: seals, and what others did. */
  lane: Promise<unknown>
  /** Waits for its turn to be sealed. */
  waits: boolean
}

export function emptyPart(host: string): HostPart {
  return {
    ...{ host, number: 0, ends: new Map(), isOpen: false, changes: 0, waits: false },
    ...{ entries: new Set(), unwritten: new Map(), lane: Promise.resolve() },
    ...{ rows: new Map(), previous: new Map(), latest: new Map() }
  }
}

/** Behind what is known of its subject. */
export function addSample(part: HostPart, sample: Sample): void {
  const { subject, atMs } = sample
  const row = rowOf(sample, part.previous.get(subject))
  part.previous.set(subject, endOf(sample))
  const latest = part.latest.get(subject)
  if (!latest || latest.atMs <= atMs) part.latest.set(subject, row)
  const rows = part.rows.get(subject)
  if (rows) rows.push(packed(row))
  else part.rows.set(subject, [packed(row)])
}

/** What followed on its samples is shown as if they had been taken, until its blocks are made. */
export function forgetEntry(part: HostPart, key: string, samples: readonly Sample[]): void {
  part.unwritten.delete(key)
  part.entries.delete(key)
  part.changes++
  for (const { subject, atMs } of samples) {
    const left = part.rows.get(subject)?.filter(([rowMs]) => rowMs !== atMs) ?? []
    if (left.length > 0) part.rows.set(subject, left)
    else part.rows.delete(subject)
  }
}

export function bySubject(samples: readonly Sample[]): Map<string, Sample[]> {
  const subjects = new Map<string, Sample[]>()
  for (const sample of samples) {
    const own = subjects.get(sample.subject)
    if (own) own.push(sample)
    else subjects.set(sample.subject, [sample])
  }
  return subjects
}

/** When the time of the oldest and of the newest entry begins. */
export function beginsOf({ entries }: HostPart): { oldest: number; newest: number } {
  let [oldest, newest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const key of entries) {
    const { beginMs = 0 } = entryOf(key) ?? {}
    oldest = Math.min(oldest, beginMs)
    newest = Math.max(newest, beginMs)
  }
  return { oldest, newest }
}

export function forgetOld({ latest }: HostPart, nowMs: number): void {
  for (const [subject, { atMs }] of latest) if (atMs < nowMs - FORGOTTEN_MS) latest.delete(subject)
}
