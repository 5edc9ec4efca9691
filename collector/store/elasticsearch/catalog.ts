/** The indices of records that there are. */
import type { Client } from '@elastic/elasticsearch'
import { ALL_RECORDS, dayOf, dayOfIndex } from './names.ts'

export interface DayIndex {
  index: string
  /** Days since 1970. */
  day: number
  records: number
  /** Records that were deleted and are not merged away yet. */
  deleted: number
  bytes: number
  /** Somebody has closed it: it can't be read. */
  isClosed: boolean
}

/** Milliseconds for which what was listed counts as true. */
const FRESH_MS = 1000

export class Catalog {
  readonly #client: Client
  #listed: DayIndex[] = []
  #names = new Set<string>()
  #listedMs = Number.NEGATIVE_INFINITY
  #listing: Promise<DayIndex[]> | undefined

  constructor(client: Client) {
    this.#client = client
  }

  /** Records go there: an index that was not known is looked for. */
  meets(index: string): void {
    if (!this.#names.has(index)) this.stale()
  }

  /** Who asks from now on is told what is there from now on, not what a list on its way says. */
  stale(): void {
    this.#listedMs = Number.NEGATIVE_INFINITY
    this.#listing = undefined
  }

  /** As it is now, with what was written a moment ago. */
  now(): Promise<DayIndex[]> {
    this.stale()
    return this.list()
  }

  async list(signal?: AbortSignal): Promise<DayIndex[]> {
    if (performance.now() - this.#listedMs < FRESH_MS) return this.#listed
    this.#listing ??= this.#look()
    const listed = await this.#listing
    signal?.throwIfAborted()
    return listed
  }

  /** Indices that may hold records of this range, newest first. */
  async within({ from, to }: { from: bigint; to: bigint }, signal?: AbortSignal): Promise<DayIndex[]> {
    if (to <= from) return []
    const [first, last] = [dayOf(from), dayOf(to - 1n)]
    const all = await this.list(signal)
    return all.filter(({ day }) => day >= first && day <= last).sort((a, b) => b.day - a.day)
  }

  #look(): Promise<DayIndex[]> {
    const begunMs = performance.now()
    const looked = this.#ask().then(
      (listed) => {
        if (this.#listing === looked) this.#keep(listed, begunMs)
        return listed
      },
      (error: unknown) => {
        if (this.#listing === looked) this.#listing = undefined
        throw error
      }
    )
    return looked
  }

  #keep(listed: DayIndex[], begunMs: number): void {
    this.#listing = undefined
    this.#listed = listed
    this.#names = new Set(listed.map(({ index }) => index))
    this.#listedMs = begunMs
  }

  async #ask(): Promise<DayIndex[]> {
    const rows = await this.#client.cat.indices({
      index: ALL_RECORDS,
      format: 'json',
      bytes: 'b',
      h: ['index', 'status', 'docs.count', 'docs.deleted', 'store.size']
    })
    return rows.flatMap((row): DayIndex[] => {
      const { index = '', status, 'docs.count': records, 'docs.deleted': deleted, 'store.size': bytes } = row
      const day = dayOfIndex(index)
      if (day === undefined) return []
      const isClosed = status === 'close'
      const counts = {
        records: Number(records ?? 0),
        deleted: Number(deleted ?? 0),
        bytes: Number(bytes ?? 0)
      }
      return [{ index, day, ...counts, isClosed }]
    })
  }
}
