/** What the agent is at, on disk before it does it: one file per order, written anew as a whole. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import type { ImageFound, Order, OrderEnd, Report, Step } from '../protocol-orders.ts'
import type { OrderCode } from './codes.ts'

export interface Entry {
  order: Order
  /** When it came; orders of one slot are carried out in this sequence. */
  takenMs: number
  /** The step that was begun last. From `stop` on the order is only ever finished, from `undo` on only undone. */
  at: 'taken' | Step | 'undo' | 'ended'
  /** The hub wants it undone. */
  withdrawn: boolean
  /** What the pull has found. */
  image?: ImageFound
  /** Why it is undone. */
  cause?: { code: OrderCode; text: string }
  /** Those that the hub does not have for good yet. */
  reports: Report[]
  /** Of the newest report; 0: none was made. */
  seq: number
  end?: OrderEnd
}

export interface Journal {
  /** As the last run of the agent left them, oldest first. */
  entries: Entry[]
  /** Files that cannot be read; they are left where they are. */
  damaged: string[]
  /** Returns when it is on disk. */
  write(entry: Entry): void
  forget(order: string): void
}

const SUFFIX = '.json'

/** Throws what the file system throws. Ids of orders must be fit for names of files: see isOrderId. */
export function openJournal(folder: string): Journal {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const entries: Entry[] = []
  const damaged: string[] = []
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(SUFFIX)) continue
    const entry = entryIn(join(folder, name))
    if (entry) entries.push(entry)
    else damaged.push(join(folder, name))
  }
  entries.sort((a, b) => a.takenMs - b.takenMs)
  return {
    entries,
    damaged,
    write: (entry) => write(folder, entry),
    forget: (order) => {
      rmSync(join(folder, `${order}${SUFFIX}`), { force: true })
    }
  }
}

/** It becomes part of the name of a file and of a container. */
export function isOrderId(id: unknown): id is string {
  return typeof id === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(id)
}

function entryIn(path: string): Entry | undefined {
  try {
    const entry = JSON.parse(readFileSync(path, 'utf8')) as Partial<Entry>
    const whole = isOrderId(entry.order?.id) && typeof entry.at === 'string' && Array.isArray(entry.reports)
    return whole ? (entry as Entry) : undefined
  } catch {
    return undefined
  }
}

function write(folder: string, entry: Entry): void {
  const path = join(folder, `${entry.order.id}${SUFFIX}`)
  const next = `${path}.new`
  const file = openSync(next, 'w', 0o600)
  try {
    writeFileSync(file, JSON.stringify(entry))
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(next, path)
  const around = openSync(folder, 'r')
  try {
    fsyncSync(around)
  } finally {
    closeSync(around)
  }
}
