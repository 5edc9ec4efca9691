import { useRef, useSyncExternalStore } from 'react'

/** A value that can be watched. Components read it by useStore(), everything else by `get` and `subscribe`. */
export class Store<T> {
  #value: T
  readonly #listeners = new Set<() => void>()

  constructor(value: T) {
    this.#value = value
  }

  readonly get = (): T => this.#value

  /** Tells listeners only when the value is another one. */
  readonly set = (next: T): void => {
    if (Object.is(next, this.#value)) return
    this.#value = next
    for (const listener of [...this.#listeners]) listener()
  }

  readonly update = (change: (old: T) => T): void => this.set(change(this.#value))

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }
}

export interface Watchable<T> {
  get(): T
  subscribe(listener: () => void): () => void
}

/** The store's value, or what `select` takes from it; renders again only when that changed. */
export function useStore<T>(store: Watchable<T>): T
export function useStore<T, S>(store: Watchable<T>, select: (value: T) => S): S
export function useStore<T, S>(store: Watchable<T>, select?: (value: T) => S): T | S {
  const last = useRef<{ from: T; value: T | S } | undefined>(undefined)
  return useSyncExternalStore(store.subscribe, () => {
    const from = store.get()
    if (!select) return from
    const value = select(from)
    if (last.current && Object.is(last.current.value, value)) return last.current.value
    last.current = { from, value }
    return value
  })
}
