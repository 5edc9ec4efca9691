/**
 * Deliveries that came before, whichever hub took them: what is told twice is done once. A delivery is claimed before anything is done for
 * it and closed behind that; a hub that dies in between leaves a claim that may be taken up after a while, so that the product
 * can send it again.
 */
import { createHash } from 'node:crypto'
import type { StateStore } from '../../../collector/store/state.ts'

interface Seen {
  atMs: number
  /** Forgotten then. */
  untilMs: number
  /** What was to be done for it is done. */
  isDone: boolean
}

export interface Key {
  /** Any text. */
  text: string
  /** Remembered for so long. */
  forMs: number
}

const PREFIX = 'hook-seen/'
/** Beginning a deploy takes less, unless its hub has died. */
const CLAIM_MS = 60_000
/** Of one trigger; beyond it the oldest are forgotten. */
const MOST = 10_000

export class SeenDeliveries {
  readonly #state: StateStore

  constructor(state: StateStore) {
    this.#state = state
  }

  /** All keys are claimed, or none: then it came before, at that time. */
  async claim(trigger: string, keys: readonly Key[], nowMs: number): Promise<number | undefined> {
    const claimed: Key[] = []
    for (const key of keys) {
      let beforeMs: number | undefined
      await this.#state.update<Seen>(rowOf(trigger, key), (old) => {
        const isOpen = !old || old.untilMs <= nowMs || (!old.isDone && old.atMs <= nowMs - CLAIM_MS)
        beforeMs = isOpen ? undefined : old?.atMs
        return isOpen ? { atMs: nowMs, untilMs: nowMs + key.forMs, isDone: false } : old
      })
      if (beforeMs !== undefined) {
        await this.release(trigger, claimed)
        return beforeMs
      }
      claimed.push(key)
    }
    return undefined
  }

  async close(trigger: string, keys: readonly Key[]): Promise<void> {
    for (const key of keys)
      await this.#state.update<Seen>(rowOf(trigger, key), (old) => old && { ...old, isDone: true })
  }

  /** It may be sent again at once. */
  async release(trigger: string, keys: readonly Key[]): Promise<void> {
    for (const key of keys) await this.#state.delete(rowOf(trigger, key))
  }

  /** Forgets what is old, and what is too much. Returns how many were forgotten before their time. */
  async tidy(trigger: string, nowMs: number): Promise<number> {
    const rows = await this.#state.list<Seen>(`${PREFIX}${trigger}/`)
    const old = rows.filter(({ value }) => value.untilMs <= nowMs)
    const left = rows.filter(({ value }) => value.untilMs > nowMs).sort((a, b) => b.value.atMs - a.value.atMs)
    const tooMany = left.slice(MOST)
    for (const { key } of [...old, ...tooMany]) await this.#state.delete(key)
    return tooMany.length
  }
}

function rowOf(trigger: string, { text }: Key): string {
  return `${PREFIX}${trigger}/${createHash('sha256').update(text).digest('hex').slice(0, 40)}`
}
