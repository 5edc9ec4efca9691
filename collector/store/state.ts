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
}
