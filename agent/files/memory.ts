/** What a stream remembers of files that it no longer holds: bounded, the oldest is forgotten. */

/** So many closed files and used ids are remembered. */
const REMEMBERED = 1000

export class Memory {
  /** Files that were read to their end, and packed copies of them, to know them again under another name. */
  readonly #closed = new Map<string, { hash: string; size: number }>()
  readonly #ids = new Set<string>()

  close(file: string, hash: string, size: number): void {
    this.#closed.set(file, { hash, size })
    shorten(this.#closed)
  }

  isClosed(file: string): boolean {
    return this.#closed.has(file)
  }

  /** Whether a packed file is the copy of a closed one; its size is known modulo 4 GiB. */
  isCopy(hash: string, size: number): boolean {
    return [...this.#closed.values()].some((closed) => closed.hash === hash && closed.size % 2 ** 32 === size)
  }

  reopen(): void {
    this.#closed.clear()
  }

  use(id: string): void {
    this.#ids.add(id)
    shorten(this.#ids)
  }

  /** The hash of its first record; of several files with an equal beginning the second is `<hash>-2`. */
  freshId(hash: string): string {
    let id = hash
    for (let number = 2; this.#ids.has(id); number++) id = `${hash}-${number}`
    this.use(id)
    return id
  }
}

function shorten(all: Set<string> | Map<string, unknown>): void {
  for (const oldest of all.keys()) {
    if (all.size <= REMEMBERED) return
    all.delete(oldest)
  }
}
