/**
 * Sealing: entries of the journal become blocks of samples, minutes and hours. A shelf does one thing as a whole at most,
 * may fail before or after each, and several hubs may seal the same host: every sample counts once all the same.
 *
 * A host's seals are numbered, and its record (`p/<host>`) says how far they are. Each has four steps:
 *
 * 1. The record opens the seal and names its entries, if it is still as it was read: of two hubs, one opens.
 * 2. Blocks: what they gain follows from the record and the entries alone. Each carries the number of its last seal.
 * 3. The record closes the seal and keeps each subject's last sample, if it is still as it was read.
 * 4. The entries go.
 *
 * Whoever finds an open seal goes on with step 2. Nothing counts twice: seals before it are whole, so a block is either as
 * they left it, and becomes the same again, or has this number and stays; a hub that was stopped in step 2 and wakes up
 * later is refused, because what lies there is not older. Behind step 3, samples that are not newer than the record's are
 * known: an entry that was left over, or is written once more, adds nothing.
 *
 * Nothing is lost: an agent tells samples in their order, and again until one is acknowledged. So where a sample lies in an
 * entry, those before it lie in entries that were written before. A seal takes all entries up to a time, as they were at
 * one moment: what it leaves of a subject is newer than what it takes.
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { Logger } from 'pino'
import { decodeRows, encodeRows, sealOf } from './block.ts'
import { decodeEntry, entriesBefore, entryOf } from './journal.ts'
import { endOf, inOrder, isKnown, type Previous, type Row, rolledUp, rowOf, type Sample } from './rows.ts'
import type { Put, Shelf } from './shelf.ts'
import { blockKey, SAMPLES, TIERS, type Tier } from './tiers.ts'

/** How far a host's seals are. */
export interface Standing {
  number: number
  /** What each subject was at the end of the last seal that it was in. */
  ends: ReadonlyMap<string, End>
  /** Entries of the seal `number` while it is open. */
  open?: readonly string[]
}

interface End {
  previous: Previous
  sealedMs: number
}

/** As it lies on the shelf. */
interface Written {
  number: number
  ends: [subject: string, previous: Previous, sealedMs: number][]
  open?: readonly string[]
}

/** Before seals had numbers. */
type OldWritten = [subject: string, previous: Previous][]

const RECORDS = 'p/'
const NOTHING: Standing = { number: 0, ends: new Map() }
/** Entries of one seal: what more than an hour brings at the shortest beat. */
const MOST_ENTRIES = 5000
/** Decoded, or made into blocks, before others get their turn. */
const AT_ONCE = 8
const ENTRIES_AT_ONCE = 64
/** Subjects whose blocks are read and written together. */
const SUBJECTS_AT_ONCE = 32
/**
 * What a subject was is forgotten so long after its last seal: longer than any hub tries to write an entry, so that one
 * that comes late is known.
 */
export const FORGOTTEN_MS = 3_600_000

export interface SealerOptions {
  shelf: Shelf
  log: Pick<Logger, 'warn'>
  nowMs: () => number
}

export class Sealer {
  readonly #shelf: Shelf
  readonly #log: Pick<Logger, 'warn'>
  readonly #nowMs: () => number

  constructor({ shelf, log, nowMs }: SealerOptions) {
    this.#shelf = shelf
    this.#log = log
    this.#nowMs = nowMs
  }

  /** As the shelf has it now. */
  async standing(host: string): Promise<Standing> {
    return (await this.#record(host)).standing
  }

  /**
   * Makes blocks of the host's entries whose time begins before `untilMs`, and finishes what was begun. Where another hub
   * is faster it is left to that one. A shelf that fails makes this reject; nothing has to be undone.
   */
  async seal(host: string, untilMs: number): Promise<void> {
    for (;;) {
      const { standing, version } = await this.#record(host)
      if (standing.open) {
        if (!(await this.#finish(host, standing, version))) return
        continue
      }
      const open = await this.#due(host, untilMs)
      if (open.length === 0) return
      const next = { ...standing, number: standing.number + 1, open }
      const opened = await this.#shelf.replace(recordKey(host), encode(next), version)
      if (opened === undefined || !(await this.#finish(host, next, opened))) return
    }
  }

  /** False where another hub has gone on meanwhile. */
  async #finish(host: string, standing: Standing, version: string | undefined): Promise<boolean> {
    const open = standing.open ?? []
    const subjects = await this.#samples(open)
    if (subjects.missing > 0) {
      // Entries go behind step 3 only: where one is missing, this record is an old one, or nobody has the entry any more.
      if ((await this.#record(host)).version !== version) return false
      this.#log.warn(
        { host, entries: subjects.missing },
        'stats were deleted before blocks were made of them'
      )
    }
    const sealedMs = this.#nowMs()
    const ends = new Map([...standing.ends].filter(([, end]) => end.sealedMs > sealedMs - FORGOTTEN_MS))
    const waiting: { subject: string; rows: Row[] }[] = []
    for (const [subject, samples] of subjects.found) {
      let before = standing.ends.get(subject)?.previous
      const rows: Row[] = []
      for (const sample of inOrder(samples)) {
        if (isKnown(sample, before)) continue
        rows.push(rowOf(sample, before))
        before = endOf(sample)
      }
      if (before) ends.set(subject, { previous: before, sealedMs })
      if (rows.length > 0) waiting.push({ subject, rows })
    }
    for (let at = 0; at < waiting.length; at += SUBJECTS_AT_ONCE)
      await this.#gain(waiting.slice(at, at + SUBJECTS_AT_ONCE), standing.number)
    const next = { number: standing.number, ends }
    if ((await this.#shelf.replace(recordKey(host), encode(next), version)) === undefined) return false
    await this.#shelf.write([], open)
    return true
  }

  /** Entries by the subjects of their samples. */
  async #samples(keys: readonly string[]): Promise<{ found: Map<string, Sample[]>; missing: number }> {
    const found = new Map<string, Sample[]>()
    let missing = 0
    for (let at = 0; at < keys.length; at += ENTRIES_AT_ONCE) {
      const entries = await this.#shelf.read(keys.slice(at, at + ENTRIES_AT_ONCE))
      for (const [i, bytes] of entries.entries()) {
        if (!bytes) missing++
        for (const sample of bytes ? decodeEntry(bytes) : []) {
          const own = found.get(sample.subject)
          if (own) own.push(sample)
          else found.set(sample.subject, [sample])
        }
        if (i % AT_ONCE === AT_ONCE - 1) await turn()
      }
    }
    return { found, missing }
  }

  /** Adds rows to the blocks where their times lie, unless this seal has done so already. */
  async #gain(subjects: readonly { subject: string; rows: Row[] }[], seal: number): Promise<void> {
    const gains = subjects.flatMap(({ subject, rows }) =>
      TIERS.flatMap((tier) => gainsOf(tier, subject, rows))
    )
    const blocks = await this.#shelf.read(gains.map(({ key }) => key))
    const puts: Put[] = []
    for (const [i, { key, tier, rows }] of gains.entries()) {
      const block = blocks[i]
      if (block && sealOf(block) >= seal) continue
      const all = [...decoded(block, { key, tier, log: this.#log }), ...rows]
      const isSamples = tier === SAMPLES
      puts.push([key, encodeRows(isSamples ? all : rolledUp(all, tier.rowMs), isSamples, seal)])
      if (puts.length % AT_ONCE === 0) await turn()
    }
    if (puts.length > 0) await this.#shelf.writeBlocks(puts)
  }

  /** Whole blocks' times, so that what is left is newer. */
  async #due(host: string, untilMs: number): Promise<string[]> {
    const from = entriesBefore(host, 0)
    const keys = await this.#shelf.keys(from, entriesBefore(host, untilMs), MOST_ENTRIES)
    if (keys.length < MOST_ENTRIES) return keys
    const lastMs = entryOf(keys.at(-1) ?? '')?.beginMs
    const whole = keys.filter((key) => entryOf(key)?.beginMs !== lastMs)
    return whole.length > 0 ? whole : keys
  }

  async #record(host: string): Promise<{ standing: Standing; version: string | undefined }> {
    const kept = await this.#shelf.record(recordKey(host))
    return { standing: kept ? decode(kept.value) : NOTHING, version: kept?.version }
  }
}

function recordKey(host: string): string {
  return `${RECORDS}${host}`
}

/** Undefined where the key is none of a record. */
export function hostOfRecord(key: string): string | undefined {
  return key.startsWith(RECORDS) ? key.slice(RECORDS.length) : undefined
}

/** A block that cannot be read counts as empty: it is told, and must not stop what comes after it. */
export function decoded(
  block: Uint8Array | undefined,
  { key, tier, log }: { key: string; tier: Tier; log: Pick<Logger, 'warn'> }
): Row[] {
  if (!block) return []
  try {
    return decodeRows(block, tier === SAMPLES)
  } catch (err) {
    log.warn({ err, key }, 'a block of stats is damaged, it is left out')
    return []
  }
}

interface Gain {
  key: string
  tier: Tier
  rows: Row[]
}

function gainsOf(tier: Tier, subject: string, rows: readonly Row[]): Gain[] {
  const byBlock = new Map<string, Gain>()
  for (const row of tier === SAMPLES ? rows : rolledUp(rows, tier.rowMs)) {
    const key = blockKey(tier, row.atMs, subject)
    const own = byBlock.get(key)
    if (own) own.rows.push(row)
    else byBlock.set(key, { key, tier, rows: [row] })
  }
  return [...byBlock.values()]
}

function encode({ ends, ...rest }: Standing): Buffer {
  const written: Written = {
    ...rest,
    ends: [...ends].map(([subject, { previous, sealedMs }]) => [subject, previous, sealedMs])
  }
  return Buffer.from(JSON.stringify(written))
}

function decode(bytes: Uint8Array): Standing {
  const written = JSON.parse(Buffer.from(bytes).toString()) as Written | OldWritten
  if (Array.isArray(written))
    return {
      ...NOTHING,
      ends: new Map(written.map(([subject, previous]) => [subject, { previous, sealedMs: previous.atMs }]))
    }
  const { ends, ...rest } = written
  return {
    ...rest,
    ends: new Map(ends.map(([subject, previous, sealedMs]) => [subject, { previous, sealedMs }]))
  }
}
