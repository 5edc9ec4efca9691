/**
 * Known contents under other names: files that were delivered to their end, copies that somebody made of a file
 * (`copytruncate`), packed ones. None of them is read twice.
 */
import { type Head, stillBegins } from './head.ts'
import { agrees, type Proof } from './proof.ts'
import type { Source } from './source.ts'
import { TextFile } from './text-file.ts'

/** What is remembered of a file that is closed. */
interface Closed {
  stream: string
  /** Absent where it is a copy of another file. */
  id: string | undefined
  hash: string
  proof: Proof | undefined
  size: number
  packed: boolean
  changedMs: number
}

/** How a file lies there. */
interface Lies {
  file: string
  size: number
  changedMs: number
}

/** So many closed files are remembered; the oldest are forgotten. */
const REMEMBERED = 5000

export class Copies {
  readonly #closed = new Map<string, Closed>()
  /** Opened, and not yet known what they are. */
  readonly #suspects = new Map<string, Source>()

  /** Everything is asked for anew. */
  forget(): void {
    this.#closed.clear()
  }

  close(): void {
    for (const source of this.#suspects.values()) source.close()
    this.#suspects.clear()
  }

  /** Lets go of suspects that do not lie there any more. */
  keep(lying: ReadonlySet<string>): void {
    for (const [file, source] of this.#suspects) {
      if (lying.has(file)) continue
      source.close()
      this.#suspects.delete(file)
    }
  }

  /** The hub has it for good. */
  delivered(file: TextFile, stream: string): void {
    this.#remember(file, stream, file.id)
  }

  /** Nothing of it is new. */
  isKnown({ file, size, changedMs }: Lies): boolean {
    const closed = this.#closed.get(file)
    return closed !== undefined && closed.changedMs === changedMs && (closed.packed || closed.size === size)
  }

  /** A delivered file that has changed: the log and the end of what is delivered, where it has grown. */
  grown(lies: Lies, source: Source): { stream: string; id: string; size: number } | undefined {
    const closed = this.#closed.get(lies.file)
    if (!closed) return undefined
    const now = TextFile.open(source, false, 0)
    const same = now.identify() && now.head?.hash === closed.hash && agrees(source.readAt, closed.proof)
    if (!same || (!closed.packed && now.size < closed.size)) {
      this.#closed.delete(lies.file)
      return undefined
    }
    closed.changedMs = lies.changedMs
    const { id, stream, size } = closed
    return id === undefined || closed.packed ? undefined : { id, stream, size }
  }

  /** Opens it, once. Undefined where it is gone. */
  suspect(file: string, open: () => Source | undefined): Source | undefined {
    const source = this.#suspects.get(file) ?? open()
    if (source) this.#suspects.set(file, source)
    return source
  }

  /** It is no suspect any more; whoever calls has it. */
  release(file: string): void {
    this.#suspects.delete(file)
  }

  /** The file, where it is none that is known; undefined where it is, or was changed within `stableMs`. */
  judge(
    lies: Lies,
    stream: string,
    held: readonly TextFile[],
    nowMs: number,
    stableMs: number
  ): TextFile | undefined {
    const source = this.#suspects.get(lies.file)
    if (!source || nowMs - lies.changedMs < stableMs) return undefined
    this.#suspects.delete(lies.file)
    const file = TextFile.open(source, false, nowMs)
    file.changedMs = lies.changedMs
    file.identify()
    if (!this.#isCopy(file, stream, held)) return file
    this.#remember(file, stream, undefined)
    file.close()
    return undefined
  }

  /** Takes a suspect that holds what a file held before it was truncated. */
  takeCopy(name: string, of: TextFile): Source | undefined {
    const source = this.#suspects.get(name)
    if (!source || !of.head) return undefined
    const file = TextFile.open(source, false, 0)
    if (!file.identify() || file.head?.hash !== of.head.hash) return undefined
    if (file.size < of.reached || !agrees(source.readAt, of.proof)) return undefined
    if (!source.packed && !endsAlike(source, of.head, file.size)) return undefined
    this.#suspects.delete(name)
    return source
  }

  #isCopy(file: TextFile, stream: string, held: readonly TextFile[]): boolean {
    const { head, source } = file
    if (!head || !source) return false
    const known = [...held, ...[...this.#closed.values()].filter((closed) => closed.stream === stream)]
    return known.some((one) => {
      const { hash } = one instanceof TextFile ? (one.head ?? { hash: '' }) : one
      if (hash !== head.hash || !agrees(source.readAt, one.proof)) return false
      if (one.size % 2 ** 32 === file.size % 2 ** 32) return true
      if (source.packed || !(one instanceof TextFile) || !one.source || file.size > one.measure())
        return false
      // A beginning of it that somebody has set aside.
      return endsAlike(one.source, head, one.size)
    })
  }

  #remember({ file, head, proof, size, source, changedMs }: TextFile, stream: string, id?: string): void {
    if (!head) return
    const packed = source?.packed ?? false
    this.#closed.set(file, { stream, id, hash: head.hash, proof, size, packed, changedMs })
    for (const oldest of this.#closed.keys()) {
      if (this.#closed.size <= REMEMBERED) return
      this.#closed.delete(oldest)
    }
  }
}

/** Whether the remembered last bytes of one file stand in another, as far as that one goes. */
function endsAlike({ readAt }: Source, head: Head, size: number): boolean {
  const bytes = head.bytes.subarray(0, Math.max(0, Math.min(head.bytes.length, size - head.at)))
  return stillBegins(readAt, { ...head, bytes }, Buffer.allocUnsafe(Math.max(1, bytes.length)))
}
