/**
 * StatsStore: samples as they come are written to a journal at once; ten minutes of a host together become blocks, of
 * samples, minutes and hours, in one step that ends their journal. Nothing told twice is counted twice.
 */
import type { Logger } from 'pino'
import { decodeRows, encodeRows } from './block.ts'
import { type Previous, packed, type Row, rolledUp, rowOf, type Sample, unpacked } from './rows.ts'
import type { Shelf } from './shelf.ts'
import { blockKey, keptMs, SAMPLES, type StatsRetention, TIERS, type Tier, timeKey } from './tiers.ts'

export interface StatsStoreOptions {
  shelf: Shelf
  retention: StatsRetention
  log: Pick<Logger, 'warn'>
  nowMs?: () => number
}

/** Samples of one host within one block's time, not made into blocks yet. */
interface Head {
  beginMs: number
  /** By subject, see packed(). */
  rows: Map<string, Float64Array[]>
  /** What each subject was at its end. */
  ends: Map<string, Previous>
  journal: string[]
  /** It is being written: what comes now goes to another. */
  sealing: boolean
}

interface HostPart {
  host: string
  /** Oldest first; the last one is being filled. */
  heads: Head[]
  previous: Map<string, Previous>
  /** The same as of the last blocks: where the journal goes on from. */
  stored: Map<string, Previous>
  latest: Map<string, Row>
  /** Heads are made into blocks one after another. */
  sealing: Promise<void> | undefined
  /** How often blocks of this host were written. */
  seals: number
}

/** A head whose time is over for so long is sealed although its host is silent. */
const SILENT_MS = 2 * 60_000
/** What a subject was is forgotten after so long; a sample that comes later begins anew. */
const FORGOTTEN_MS = 3_600_000
/** Heads of one host that wait because they cannot be written; the oldest go, and are counted. */
const MOST_HEADS = 6
/** Blocks that are made or read before others get their turn. */
const AT_ONCE = 8
const DELETED_AT_ONCE = 500
/** Samples of a clock that is this far ahead are no samples. */
const FUTURE_MS = 3_600_000

/** Reads back what was not made into blocks when the hub ended. */
export async function openStats(options: StatsStoreOptions): Promise<StatsStore> {
  const store = new StatsStore(options)
  await store.load()
  return store
}

export class StatsStore {
  readonly retention: StatsRetention
  readonly #shelf: Shelf
  readonly #log: Pick<Logger, 'warn'>
  readonly #nowMs: () => number
  readonly #hosts = new Map<string, HostPart>()
  #journalNumber = 0
  readonly counts = { taken: 0, known: 0, late: 0, lost: 0 }

  constructor({ shelf, retention, log, nowMs = Date.now }: StatsStoreOptions) {
    this.retention = retention
    this.#shelf = shelf
    this.#log = log
    this.#nowMs = nowMs
  }

  /** Called once by openStats(). */
  async load(): Promise<void> {
    for (const key of this.#shelf.keys('p/', 'p0', Number.MAX_SAFE_INTEGER)) {
      const host = key.slice(2)
      const kept = this.#json<[string, Previous][]>(key) ?? []
      const part = this.#part(host)
      for (const [subject, previous] of kept) {
        part.stored.set(subject, previous)
        part.previous.set(subject, previous)
      }
    }
    for (const key of this.#shelf.keys('j/', 'j0', Number.MAX_SAFE_INTEGER)) {
      const [, number = '', host = ''] = key.split('/')
      this.#journalNumber = Math.max(this.#journalNumber, Number(number) + 1)
      const samples = this.#json<Sample[]>(key) ?? []
      for (const head of this.#apply(this.#part(host), samples).keys()) head.journal.push(key)
    }
  }

  /** Takes samples of one host, of each subject in the order of their time. Resolves when they survive a crash. */
  async take(host: string, samples: readonly Sample[]): Promise<void> {
    const part = this.#part(host)
    const fresh = samples.filter((sample) => this.#isFresh(part, sample))
    if (fresh.length === 0) return
    const puts: [string, Buffer][] = []
    for (const [head, own] of this.#apply(part, fresh)) {
      const key = `${timeKey('j', this.#journalNumber++)}${host}`
      head.journal.push(key)
      puts.push([key, Buffer.from(JSON.stringify(own))])
    }
    this.counts.taken += fresh.length
    await this.#shelf.write(puts, [])
    if (part.heads.length > 1) void this.#sealAllBut(part, 1)
  }

  /** The newest row of a subject, where it is not older than `maxAgeMs`. */
  latest(host: string, subject: string, maxAgeMs: number): Row | undefined {
    const row = this.#hosts.get(host)?.latest.get(subject)
    return row && row.atMs >= this.#nowMs() - maxAgeMs ? row : undefined
  }

  /** Rows of a tier in the order of their time, `fromMs` ≤ time < `toMs`. Never holds the event loop for long. */
  async rows(host: string, subject: string, tier: Tier, fromMs: number, toMs: number): Promise<Row[]> {
    const part = this.#hosts.get(host)
    for (;;) {
      await part?.sealing
      const seals = part?.seals
      const rows = await this.#blocks(tier, subject, fromMs, toMs)
      // Blocks that were written meanwhile may be missing in one place and double in the other: look again.
      if (part && (part.sealing !== undefined || part.seals !== seals)) continue
      for (const head of part?.heads ?? []) rows.push(...(head.rows.get(subject) ?? []).map(unpacked))
      const within = rows.filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
      return tier === SAMPLES ? within : rolledUp(within, tier.rowMs)
    }
  }

  /** Makes blocks of what is over, and drops what is too old. Resolves to the number of blocks dropped. */
  async tidy(): Promise<number> {
    const nowMs = this.#nowMs()
    for (const part of this.#hosts.values()) {
      const last = part.heads.at(-1)
      const over = last && last.beginMs + SAMPLES.blockMs < nowMs - SILENT_MS
      if (part.heads.length > 1 || over) await this.#sealAllBut(part, over ? 0 : 1)
      forgetOld(part, nowMs)
    }
    let dropped = 0
    for (const tier of TIERS) {
      const end = timeKey(tier.letter, nowMs - keptMs(tier, this.retention) - tier.blockMs)
      for (;;) {
        const keys = this.#shelf.keys(`${tier.letter}/`, end, DELETED_AT_ONCE)
        if (keys.length === 0) break
        await this.#shelf.write([], keys)
        dropped += keys.length
      }
    }
    return dropped
  }

  /** Resolves when nothing is being written any more. The shelf stays open; what waits is in its journal. */
  async close(): Promise<void> {
    for (const part of this.#hosts.values()) await part.sealing
  }

  #isFresh({ previous }: HostPart, { subject, atMs }: Sample): boolean {
    const nowMs = this.#nowMs()
    const before = previous.get(subject)
    if (before && atMs <= before.atMs) this.counts.known++
    else if (atMs > nowMs + FUTURE_MS || atMs < nowMs - this.retention.samplesMs) this.counts.late++
    else return true
    return false
  }

  /** Into the heads, each sample where its time lies. */
  #apply(part: HostPart, samples: readonly Sample[]): Map<Head, Sample[]> {
    const touched = new Map<Head, Sample[]>()
    for (const sample of samples) {
      const { subject, atMs, sinceMs, counters } = sample
      const before = part.previous.get(subject)
      if (before && atMs <= before.atMs) continue
      const row = rowOf(sample, before)
      const now = { atMs, ...(sinceMs !== undefined && { sinceMs }), counters }
      part.previous.set(subject, now)
      part.latest.set(subject, row)
      const head = headOf(part, atMs)
      head.ends.set(subject, now)
      const rows = head.rows.get(subject)
      if (rows) rows.push(packed(row))
      else head.rows.set(subject, [packed(row)])
      const own = touched.get(head)
      if (own) own.push(sample)
      else touched.set(head, [sample])
    }
    return touched
  }

  /** Leaves the newest `keep` heads. */
  #sealAllBut(part: HostPart, keep: number): Promise<void> {
    part.sealing ??= this.#seal(part, part.heads.slice(0, part.heads.length - keep)).finally(() => {
      part.sealing = undefined
    })
    return part.sealing
  }

  async #seal(part: HostPart, heads: readonly Head[]): Promise<void> {
    for (const head of heads) {
      head.sealing = true
      const puts: [string, Buffer][] = []
      let made = 0
      for (const [subject, numbers] of head.rows) {
        const rows = numbers.map(unpacked)
        for (const tier of TIERS) puts.push(...this.#merged(tier, subject, rows))
        if (++made % AT_ONCE === 0) await turn()
      }
      const stored = new Map([...part.stored, ...head.ends])
      puts.push([`p/${part.host}`, Buffer.from(JSON.stringify([...stored]))])
      try {
        await this.#shelf.write(puts, head.journal)
        part.heads.splice(part.heads.indexOf(head), 1)
        part.stored = stored
        part.seals++
      } catch (err) {
        head.sealing = false
        this.#log.warn({ err, host: part.host }, 'stats could not be stored, will try again')
        this.#dropSurplus(part)
        return
      }
    }
  }

  #dropSurplus(part: HostPart): void {
    while (part.heads.length > MOST_HEADS) {
      const head = part.heads.shift()
      for (const rows of head?.rows.values() ?? []) this.counts.lost += rows.length
    }
  }

  /** Blocks of a tier with these rows added to what they hold. */
  #merged(tier: Tier, subject: string, rows: readonly Row[]): [string, Buffer][] {
    const byBlock = new Map<string, Row[]>()
    for (const row of tier === SAMPLES ? rows : rolledUp(rows, tier.rowMs)) {
      const key = blockKey(tier, row.atMs, subject)
      const own = byBlock.get(key)
      if (own) own.push(row)
      else byBlock.set(key, [row])
    }
    return [...byBlock].map(([key, added]) => {
      const all = [...this.#decoded(key, tier), ...added]
      return [key, encodeRows(tier === SAMPLES ? all : rolledUp(all, tier.rowMs), tier === SAMPLES)]
    })
  }

  async #blocks(tier: Tier, subject: string, fromMs: number, toMs: number): Promise<Row[]> {
    const rows: Row[] = []
    let looked = 0
    // Beyond these there is nothing, however long the range that is asked for.
    const nowMs = this.#nowMs()
    const oldestMs = Math.max(fromMs, nowMs - keptMs(tier, this.retention) - tier.blockMs)
    const endMs = Math.min(toMs, nowMs + FUTURE_MS + 1)
    for (let atMs = Math.floor(oldestMs / tier.blockMs) * tier.blockMs; atMs < endMs; atMs += tier.blockMs) {
      for (const row of this.#decoded(blockKey(tier, atMs, subject), tier)) rows.push(row)
      if (++looked % AT_ONCE === 0) await turn()
    }
    return rows
  }

  /** A block that cannot be read counts as empty: it is told, and must not stop what comes after it. */
  #decoded(key: string, tier: Tier): Row[] {
    const block = this.#shelf.get(key)
    if (!block) return []
    try {
      return decodeRows(block, tier === SAMPLES)
    } catch (err) {
      this.#log.warn({ err, key }, 'a block of stats is damaged, it is left out')
      return []
    }
  }

  #json<T>(key: string): T | undefined {
    const bytes = this.#shelf.get(key)
    return bytes && (JSON.parse(Buffer.from(bytes).toString()) as T)
  }

  #part(host: string): HostPart {
    const known = this.#hosts.get(host)
    if (known) return known
    const part: HostPart = {
      host,
      heads: [],
      previous: new Map(),
      stored: new Map(),
      latest: new Map(),
      sealing: undefined,
      seals: 0
    }
    this.#hosts.set(host, part)
    return part
  }
}

function headOf({ heads }: HostPart, atMs: number): Head {
  const beginMs = Math.floor(atMs / SAMPLES.blockMs) * SAMPLES.blockMs
  const known = heads.find((head) => head.beginMs === beginMs && !head.sealing)
  if (known) return known
  const head: Head = { beginMs, rows: new Map(), ends: new Map(), journal: [], sealing: false }
  heads.push(head)
  heads.sort((a, b) => a.beginMs - b.beginMs)
  return head
}

function forgetOld({ previous, stored, latest }: HostPart, nowMs: number): void {
  for (const [subject, { atMs }] of previous) {
    if (atMs >= nowMs - FORGOTTEN_MS) continue
    previous.delete(subject)
    stored.delete(subject)
    latest.delete(subject)
  }
}

/** Whatever else waits gets its turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
