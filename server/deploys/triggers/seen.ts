/**
 * Deliveries that came before, whichever hub took them: what is told twice is done once. A delivery is claimed before anything is done for
 * it and closed behind that; a hub that dies in between leaves a claim that may be taken up after a while, so that the product
 * can send it again.
 */
import { createHash } from 'node:crypto'
import type { StateStore } from '../../../collector/store/state.ts'

interface Seen {
  /** When it came first: the same, however often it is tried. */
  sinceMs: number
  /** When it was claimed. */
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

/** `sinceMs`: when it came first. */
export type Claim = { kind: 'claimed' | 'before'; sinceMs: number }

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

  /** All keys are claimed, or none: then it was done before. */
  async claim(trigger: string, keys: readonly Key[], nowMs: number): Promise<Claim> {
    const claimed: Key[] = []
    let sinceMs = nowMs
    for (const key of keys) {
      let beforeMs: number | undefined
      const seen = await this.#state.update<Seen>(rowOf(trigger, key), (old) => {
        const known = old && old.untilMs > nowMs ? old : undefined
        beforeMs = known && (known.isDone || known.atMs > nowMs - CLAIM_MS) ? known.sinceMs : undefined
        if (beforeMs !== undefined) return old
        return { sinceMs: known?.sinceMs ?? nowMs, atMs: nowMs, untilMs: nowMs + key.forMs, isDone: false }
      })
      if (beforeMs !== undefined) {
        await this.release(trigger, claimed)
        return { kind: 'before', sinceMs: beforeMs }
      }
      sinceMs = Math.min(sinceMs, seen?.sinceMs ?? nowMs)
      claimed.push(key)
    }
    return { kind: 'claimed', sinceMs }
  }

  async close(trigger: string, keys: readonly Key[]): Promise<void> {
    for (const key of keys)
      await this.#state.update<Seen>(rowOf(trigger, key), (old) => old && { ...old, isDone: true })
  }

  /** It may be sent again at once. */
  async release(trigger: string, keys: readonly Key[]): Promise<void> {
    for (const key of keys)
      await this.#state.update<Seen>(rowOf(trigger, key), (old) => old && { ...old, atMs: 0, isDone: false })
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
