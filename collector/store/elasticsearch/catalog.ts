/** The indices of records that there are. */
import type { Client } from '@elastic/elasticsearch'
import { ALL_RECORDS, dayOf, dayOfIndex } from './names.ts'

export interface DayIndex {
  index: string
  /** Days since 1970. */
  day: number
  records: number
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
    if (this.#names.has(index)) return
    this.#listedMs = Number.NEGATIVE_INFINITY
  }

  stale(): void {
    this.#listedMs = Number.NEGATIVE_INFINITY
  }

  async list(signal?: AbortSignal): Promise<DayIndex[]> {
    if (performance.now() - this.#listedMs < FRESH_MS) return this.#listed
    this.#listing ??= this.#list().finally(() => {
      this.#listing = undefined
    })
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

  async #list(): Promise<DayIndex[]> {
    const begunMs = performance.now()
    const rows = await this.#client.cat.indices({
      index: ALL_RECORDS,
      format: 'json',
      bytes: 'b',
      h: ['index', 'status', 'docs.count', 'store.size']
    })
    const listed = rows.flatMap((row): DayIndex[] => {
      const { index = '', status, 'docs.count': records, 'store.size': bytes } = row
      const day = dayOfIndex(index)
      if (day === undefined) return []
      const isClosed = status === 'close'
      return [{ index, day, records: Number(records ?? 0), bytes: Number(bytes ?? 0), isClosed }]
    })
    this.#listed = listed
    this.#names = new Set(listed.map(({ index }) => index))
    this.#listedMs = begunMs
    return listed
  }
}
