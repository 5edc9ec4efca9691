/** Blocks that a query thread has decoded, kept for the next question: the next page, the surroundings, the histogram. */
import type { BlockReader } from './block.ts'
import type { BlockInfo } from './part.ts'

export class Shelf {
  readonly #keepsBytes: number
  /** Least recently used first. */
  readonly #kept = new Map<BlockInfo, { block: BlockReader; bytes: number }>()
  #bytes = 0

  /** `keepsBytes`: the most that all kept columns may take. */
  constructor(keepsBytes: number) {
    this.#keepsBytes = keepsBytes
  }

  get(info: BlockInfo): BlockReader | undefined {
    return this.#kept.get(info)?.block
  }

  put(info: BlockInfo, block: BlockReader): void {
    this.#drop(info)
    const bytes = block.decodedBytes
    this.#kept.set(info, { block, bytes })
    this.#bytes += bytes
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#keepsBytes) return
      this.#drop(oldest)
    }
  }

  #drop(info: BlockInfo): void {
    this.#bytes -= this.#kept.get(info)?.bytes ?? 0
    this.#kept.delete(info)
  }
}
