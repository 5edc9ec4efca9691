/** Which of the instances that are gone are still remembered. */
import type { Instance } from './instances.ts'

/** They are remembered this long, and not more than so many. */
const REMEMBERED_MS = 400 * 86_400_000
const MOST_REMEMBERED = 50_000

interface Sorted {
  remembered: Instance[]
  /** Their keys. */
  forgotten: string[]
}

export function sorted(kept: readonly { key: string; value: Instance }[], nowMs: number): Sorted {
  const gone = kept.filter(({ value }) => value.removedMs !== undefined)
  gone.sort((a, b) => (b.value.removedMs ?? 0) - (a.value.removedMs ?? 0))
  const tooOldMs = nowMs - REMEMBERED_MS
  const old = gone.filter(({ value }, i) => i >= MOST_REMEMBERED || (value.removedMs ?? 0) < tooOldMs)
  const forgotten = new Set(old.map(({ key }) => key))
  const remembered = kept.flatMap(({ key, value }) => (forgotten.has(key) ? [] : [value]))
  return { remembered, forgotten: [...forgotten] }
}
