/**
 * StateStore: the small things that the hub must remember (hosts, instances, tokens, settings).
 * Keys are paths such as `host/7f3a…`; values are plain JSON. Every put is durable when it resolves.
 */
export interface StateStore extends AsyncDisposable {
  get<T>(key: string): Promise<T | undefined>
  /** All entries whose key begins with `prefix`, in order of key. */
  list<T>(prefix: string): Promise<{ key: string; value: T }[]>
  put(key: string, value: unknown): Promise<void>
  delete(key: string): Promise<void>
  /**
   * Replaces a value by what `change` makes of it, as one step; `undefined` deletes it. `change` may be
   * called again when another hub was faster, so it must be pure.
   */
  update<T>(key: string, change: (old: T | undefined) => T | undefined): Promise<T | undefined>
  /** Present where several hubs may share what is kept. */
  readonly shared?: SharedState
}

/** A value (undefined: none any more) and the fencing term of whoever wrote it; 0 where it was written without one. */
export interface StateEntry {
  key: string
  value: unknown
  term: number
}

/** What a state that several hubs share can do beside. */
export interface SharedState {
  /** Names this hub among them; another with each start. */
  readonly hub: string
  /**
   * Writes all of them durably, but for those that were written with a higher term before: they stay as they are, and
   * their keys are returned. What is written with a term is never written without one.
   */
  write(entries: readonly StateEntry[]): Promise<string[]>
  /** The values of these keys as they are now. */
  read(keys: readonly string[]): Promise<unknown[]>
  /**
   * What other hubs have changed since this state was opened, a second or so later, until `signal` aborts. A key that
   * changed several times may be told once. Never ends by itself: while the state is away nothing comes.
   */
  changes(signal: AbortSignal): AsyncIterable<StateEntry[]>
}
