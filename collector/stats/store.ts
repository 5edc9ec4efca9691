/**
 * StatsStore: samples as they come are written to a journal at once; ten minutes of a host together become blocks, of
 * samples, minutes and hours (seal.ts). What is not in blocks yet is held in memory for those who ask; on a shelf that
 * hubs share, what others wrote is looked for before an answer.
 */
import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { decodeEntry, encodeEntry, entryKey, entryOf } from './journal.ts'
import { addSample, beginsOf, bySubject, emptyPart, forgetEntry, forgetOld, type HostPart } from './part.ts'
import { entriesOf, type Range, rowsOfBlocks } from './reading.ts'
import { inOrder, isKnown, type Row, rolledUp, type Sample, unpacked } from './rows.ts'
import { hostOfRecord, Sealer, type Standing } from './seal.ts'
import type { Put, Shelf } from './shelf.ts'
import { keptMs, SAMPLES, type StatsRetention, TIERS, type Tier, timeKey } from './tiers.ts'

export interface StatsStoreOptions {
  shelf: Shelf
  retention: StatsRetention
  log: Pick<Logger, 'warn'>
  nowMs?: () => number
  /** For what others wrote it is looked no more often than this. */
  lookEveryMs?: number
}

/** A host's time is over for so long before it is sealed although the host is silent. */
const SILENT_MS = 2 * 60_000
/** An entry that cannot be written is given up after so long, and counted; well within FORGOTTEN_MS. */
const GIVEN_UP_MS = 30 * 60_000
/** The same of all hosts together: the oldest go. */
const MOST_UNWRITTEN_BYTES = 64 * 1024 * 1024
const DELETED_AT_ONCE = 500
/** Samples of a clock that is this far ahead are no samples. */
const FUTURE_MS = 3_600_000
const LOOK_EVERY_MS = 2000

/** Reads back what was not made into blocks when the hub ended. */
export async function openStats(options: StatsStoreOptions): Promise<StatsStore> {
  const store = new StatsStore(options)
  await store.catchUp()
  return store
}

export class StatsStore {
  readonly retention: StatsRetention
  readonly #shelf: Shelf
  readonly #sealer: Sealer
  readonly #log: Pick<Logger, 'warn'>
  readonly #nowMs: () => number
  readonly #lookEveryMs: number
  readonly #hosts = new Map<string, HostPart>()
  /** Names this hub in the keys of its entries. */
  readonly #hub = randomBytes(6).toString('hex')
  #entryNumber = 0
  /** Up to where changes of the shelf are known. */
  #place: string | undefined
  #looking: Promise<void> | undefined
  #lookedMs = Number.NEGATIVE_INFINITY
  /** Hosts are sealed one after another. */
  #seals: Promise<void> = Promise.resolve()
  readonly counts = { taken: 0, known: 0, late: 0, lost: 0 }

  constructor(options: StatsStoreOptions) {
    const { shelf, retention, log, nowMs = Date.now, lookEveryMs = LOOK_EVERY_MS } = options
    this.retention = retention
    this.#shelf = shelf
    this.#sealer = new Sealer({ shelf, log, nowMs })
    this.#log = log
    this.#nowMs = nowMs
    this.#lookEveryMs = lookEveryMs
  }

  /** Takes samples of one host, of each subject in the order of their time. Resolves when they survive a crash. */
  async take(host: string, samples: readonly Sample[]): Promise<void> {
    const part = this.#part(host)
    const fresh = samples.filter((sample) => this.#isFresh(part, sample))
    if (fresh.length > 0) {
      const firstMs = Math.min(...fresh.map(({ atMs }) => atMs))
      const key = entryKey(host, firstMs, this.#hub, this.#entryNumber++)
      const bytes = encodeEntry(fresh)
      part.unwritten.set(key, { bytes, samples: fresh.length, takenMs: this.#nowMs() })
      part.entries.add(key)
      part.changes++
      for (const sample of fresh) addSample(part, sample)
      this.counts.taken += fresh.length
    }
    await this.#write(part)
    const begins = beginsOf(part)
    if (begins.oldest < begins.newest) this.#sealSoon(part, begins.newest)
  }

  /** The newest row of a subject that is known here (see catchUp()), where it is not older than `maxAgeMs`. */
  latest(host: string, subject: string, maxAgeMs: number): Row | undefined {
    const row = this.#hosts.get(host)?.latest.get(subject)
    return row && row.atMs >= this.#nowMs() - maxAgeMs ? row : undefined
  }

  /** Rows of a tier in the order of their time, `fromMs` ≤ time < `toMs`. Never holds the event loop for long. */
  async rows(host: string, subject: string, tier: Tier, fromMs: number, toMs: number): Promise<Row[]> {
    for (;;) {
      await this.catchUp()
      const part = this.#part(host)
      if (part.isOpen) await this.#settle(part)
      const { number } = part
      const rows = await this.#blocks(tier, subject, { fromMs, toMs })
      // Blocks that were written meanwhile may be missing in one place and double in the other: look again.
      if (part.isOpen || part.number !== number || !(await this.#isCurrent(part))) continue
      for (const numbers of part.rows.get(subject) ?? []) rows.push(unpacked(numbers))
      const within = rows.filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
      return tier === SAMPLES ? within : rolledUp(within, tier.rowMs)
    }
  }

  /** Makes blocks of what is over, and drops what is too old. Resolves to the number of blocks dropped. */
  async tidy(): Promise<number> {
    const nowMs = this.#nowMs()
    this.#giveUp(nowMs)
    await this.catchUp()
    for (const part of this.#hosts.values()) {
      await this.#write(part)
      const { oldest, newest } = beginsOf(part)
      const isSilent = newest + SAMPLES.blockMs < nowMs - SILENT_MS
      const isDue = part.entries.size > 0 && (oldest < newest || isSilent)
      if (isDue || part.isOpen) this.#sealSoon(part, isSilent ? newest + SAMPLES.blockMs : newest)
      forgetOld(part, nowMs)
    }
    await this.#seals
    let dropped = 0
    for (const tier of TIERS) {
      const end = timeKey(tier.letter, nowMs - keptMs(tier, this.retention) - tier.blockMs)
      for (;;) {
        const keys = await this.#shelf.keys(`${tier.letter}/`, end, DELETED_AT_ONCE)
        if (keys.length === 0) break
        await this.#shelf.write([], keys)
        dropped += keys.length
      }
    }
    return dropped
  }

  /** Takes over what other hubs wrote, also at the very beginning; what this one knows is at most some seconds old then. */
  async catchUp(): Promise<void> {
    if (this.#place !== undefined && !this.#shelf.isShared) return
    if (performance.now() - this.#lookedMs < this.#lookEveryMs) return
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    await this.#looking
  }

  /** Resolves when nothing is being written any more. The shelf stays open; what waits is in its journal. */
  async close(): Promise<void> {
    await this.#seals
    for (const part of this.#hosts.values()) await part.lane
  }

  #isFresh({ previous }: HostPart, sample: Sample): boolean {
    const nowMs = this.#nowMs()
    const { subject, atMs } = sample
    if (isKnown(sample, previous.get(subject))) this.counts.known++
    else if (atMs > nowMs + FUTURE_MS || atMs < nowMs - this.retention.samplesMs) this.counts.late++
    else return true
    return false
  }

  async #write(part: HostPart): Promise<void> {
    if (part.unwritten.size === 0) return
    const puts = [...part.unwritten].map(([key, { bytes }]): Put => [key, bytes])
    await this.#shelf.write(puts, [])
    for (const [key] of puts) part.unwritten.delete(key)
  }

  /** Entries that could not be written for too long, or are too many. */
  #giveUp(nowMs: number): void {
    const waiting = [...this.#hosts.values()].flatMap((part) =>
      [...part.unwritten].map(([key, entry]) => ({ part, key, ...entry }))
    )
    waiting.sort((a, b) => a.takenMs - b.takenMs)
    let bytes = waiting.reduce((sum, entry) => sum + entry.bytes.length, 0)
    for (const entry of waiting) {
      if (entry.takenMs >= nowMs - GIVEN_UP_MS && bytes <= MOST_UNWRITTEN_BYTES) break
      bytes -= entry.bytes.length
      this.counts.lost += entry.samples
      forgetEntry(entry.part, entry.key, decodeEntry(entry.bytes))
    }
  }

  #sealSoon(part: HostPart, untilMs: number): void {
    if (part.waits) return
    part.waits = true
    this.#seals = this.#seals.then(async () => {
      part.waits = false
      await this.#inLane(part, () => this.#seal(part, untilMs)).catch((err) =>
        this.#log.warn({ err, host: part.host }, 'stats could not be stored, will try again')
      )
    })
  }

  async #seal(part: HostPart, untilMs: number): Promise<void> {
    part.isOpen = true
    await this.#sealer.seal(part.host, untilMs)
    const standing = await this.#adopt(part)
    // Some that others have sealed may have been written once more.
    if (!standing.open && beginsOf(part).oldest < untilMs) await this.#rebuild(part, standing)
  }

  /** Resolves when the blocks of a host are whole. */
  #settle(part: HostPart): Promise<void> {
    return this.#inLane(part, async () => {
      if (part.isOpen) await this.#seal(part, 0)
    })
  }

  /** Whether others have sealed nothing since this hub looked. */
  async #isCurrent(part: HostPart): Promise<boolean> {
    if (!this.#shelf.isShared) return true
    const { number, open } = await this.#sealer.standing(part.host)
    if (!open && number === part.number) return true
    part.isOpen = true
    return false
  }

  /** Takes over how far the host's seals are. */
  async #adopt(part: HostPart): Promise<Standing> {
    const standing = await this.#sealer.standing(part.host)
    if (!standing.open && standing.number !== part.number) await this.#rebuild(part, standing)
    part.isOpen = standing.open !== undefined
    return standing
  }

  /** What is not in blocks, by the entries that there are. */
  async #rebuild(part: HostPart, { number, ends }: Pick<Standing, 'number' | 'ends'>): Promise<void> {
    for (;;) {
      const { changes } = part
      const own = new Map(part.unwritten)
      const pending = [...part.entries].filter((key) => !own.has(key))
      const found = new Map<string, Sample[]>()
      for (const [key, { bytes }] of own) found.set(key, decodeEntry(bytes))
      for await (const [key, samples] of entriesOf(this.#shelf, pending)) found.set(key, samples)
      if (part.changes !== changes) continue
      part.number = number
      part.ends = ends
      part.entries = new Set(found.keys())
      part.rows = new Map()
      part.previous = new Map([...ends].map(([subject, { previous }]) => [subject, previous]))
      for (const samples of bySubject([...found.values()].flat()).values())
        for (const sample of inOrder(samples))
          if (!isKnown(sample, part.previous.get(sample.subject))) addSample(part, sample)
      return
    }
  }

  async #look(): Promise<void> {
    const lookedMs = performance.now()
    const { keys, place } = await this.#shelf.changes(this.#place)
    const changed = new Map<string, { isSealed: boolean; entries: string[] }>()
    for (const key of keys) {
      const entry = entryOf(key)
      const host = entry?.host ?? hostOfRecord(key)
      if (host === undefined) continue
      const change = changed.get(host) ?? { isSealed: false, entries: [] }
      changed.set(host, change)
      if (entry) change.entries.push(key)
      else change.isSealed = true
    }
    for (const [host, { isSealed, entries }] of changed) {
      const part = this.#part(host)
      await this.#inLane(part, async () => {
        if (isSealed) await this.#adopt(part)
        await this.#addEntries(part, entries)
      })
    }
    this.#place = place
    this.#lookedMs = lookedMs
  }

  /** Entries that others wrote. */
  async #addEntries(part: HostPart, keys: readonly string[]): Promise<void> {
    const fresh = keys.filter((key) => !part.entries.has(key))
    let inTime = true
    for await (const [key, samples] of entriesOf(this.#shelf, fresh)) {
      part.entries.add(key)
      part.changes++
      for (const sample of samples) {
        const { subject } = sample
        if (isKnown(sample, part.ends.get(subject)?.previous)) continue
        if (!isKnown(sample, part.previous.get(subject))) addSample(part, sample)
        else if (!part.rows.get(subject)?.some(([atMs]) => atMs === sample.atMs)) inTime = false
      }
    }
    if (!inTime) await this.#rebuild(part, part)
  }

  #blocks(tier: Tier, subject: string, { fromMs, toMs }: Range): Promise<Row[]> {
    // Beyond these there is nothing, however long the range that is asked for.
    const nowMs = this.#nowMs()
    const oldestMs = Math.max(fromMs, nowMs - keptMs(tier, this.retention) - tier.blockMs)
    const within = { fromMs: oldestMs, toMs: Math.min(toMs, nowMs + FUTURE_MS + 1) }
    return rowsOfBlocks({ shelf: this.#shelf, log: this.#log }, tier, subject, within)
  }

  #inLane<T>(part: HostPart, act: () => Promise<T>): Promise<T> {
    const done = part.lane.then(act)
    part.lane = done.catch(() => undefined)
    return done
  }

  #part(host: string): HostPart {
    const known = this.#hosts.get(host)
    if (known) return known
    const part = emptyPart(host)
    this.#hosts.set(host, part)
    return part
  }
}
