/** What came to each trigger and what became of it, the newest of them; and who could not prove who they are. */
import { randomBytes } from 'node:crypto'
import type { StateStore } from '../../../collector/store/state.ts'
import type { DeliveryJson } from './trigger.ts'

interface Strangers {
  count: number
  /** Newest first. */
  last: { atMs: number; address: string; why: string }[]
}

const ROWS = 'hook-delivery/'
const STRANGERS = 'hook-strangers/'
/** Of one trigger: what led to something, and what was ignored, each so many, so that neither hides the other. */
const MOST = 100
/** Rows are counted once in so many. */
const TIDY_EVERY = 20
const MOST_STRANGERS = 20
/** What strangers do is written down at most once in so long; what comes in between is counted then. */
const WRITE_EVERY_MS = 1000

export class Deliveries {
  readonly #state: StateStore
  /** By trigger. */
  readonly #added = new Map<string, number>()
  readonly #strange = new Map<string, { writtenMs: number; uncounted: number }>()
  /** Since the start, on this hub. */
  readonly counts = { deployed: 0, waiting: 0, ignored: 0, refused: 0, failed: 0, strangers: 0 }

  constructor(state: StateStore) {
    this.#state = state
  }

  async add(trigger: string, delivery: DeliveryJson): Promise<void> {
    const id = `${String(delivery.atMs).padStart(15, '0')}-${randomBytes(4).toString('hex')}`
    this.counts[delivery.verdict]++
    await this.#state.put(`${ROWS}${trigger}/${id}`, delivery)
    const added = (this.#added.get(trigger) ?? 0) + 1
    this.#added.set(trigger, added)
    if (added % TIDY_EVERY === 1) await this.tidy(trigger)
  }

  /** Newest first. */
  async list(trigger: string): Promise<DeliveryJson[]> {
    const rows = await this.#state.list<DeliveryJson>(`${ROWS}${trigger}/`)
    return rows.map(({ value }) => value).reverse()
  }

  async strangers(trigger: string): Promise<Strangers> {
    return (await this.#state.get<Strangers>(STRANGERS + trigger)) ?? { count: 0, last: [] }
  }

  async stranger(trigger: string, seen: Strangers['last'][number]): Promise<void> {
    this.counts.strangers++
    const known = this.#strange.get(trigger) ?? { writtenMs: Number.NEGATIVE_INFINITY, uncounted: 0 }
    this.#strange.set(trigger, known)
    known.uncounted++
    if (seen.atMs - known.writtenMs < WRITE_EVERY_MS) return
    const count = known.uncounted
    known.uncounted = 0
    known.writtenMs = seen.atMs
    await this.#state.update<Strangers>(STRANGERS + trigger, (old) => ({
      count: (old?.count ?? 0) + count,
      last: [seen, ...(old?.last ?? [])].slice(0, MOST_STRANGERS)
    }))
  }

  async tidy(trigger: string): Promise<void> {
    const rows = await this.#state.list<DeliveryJson>(`${ROWS}${trigger}/`)
    const ignored = rows.filter(({ value }) => value.verdict === 'ignored')
    const others = rows.filter(({ value }) => value.verdict !== 'ignored')
    for (const list of [ignored, others])
      for (const { key } of list.slice(0, -MOST)) await this.#state.delete(key)
  }
}
