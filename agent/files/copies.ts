/**
 * Known contents under other names: files that were delivered to their end, copies that somebody made of a file
 * (`copytruncate`), packed ones. None of them is read twice.
 */
import { type Head, SCRATCH_BYTES, stillBegins } from './head.ts'
import { agrees, type Proof, proveShort } from './proof.ts'
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

export interface Judging {
  /** The log whose file it would be, and its files. */
  stream: string
  held: readonly TextFile[]
  nowMs: number
  /** A file that nobody has changed for so long is not just being copied or packed. */
  stableMs: number
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

  /** Suspects that do not lie there any more. */
  gone(lying: ReadonlySet<string>): string[] {
    return [...this.#suspects.keys()].filter((file) => !lying.has(file))
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

  isSuspect(file: string): boolean {
    return this.#suspects.has(file)
  }

  drop(file: string): void {
    this.#suspects.get(file)?.close()
    this.#suspects.delete(file)
  }

  /** It is no suspect any more; whoever calls has it. */
  release(file: string): void {
    this.#suspects.delete(file)
  }

  /**
   * The file, where its contents are none that are known; undefined where they are, or where it may be a copy that is
   * just being made, or that the file it was made of is still to take over. `changedMs` undefined: it is gone, nothing
   * more will come.
   */
  judge(
    name: string,
    changedMs: number | undefined,
    { stream, held, nowMs, stableMs }: Judging
  ): TextFile | undefined {
    const source = this.#suspects.get(name)
    if (!source) return undefined
    const isOver = changedMs === undefined
    const isStable = isOver || nowMs - changedMs >= stableMs
    if (source.packed && !isStable) return undefined
    const file = TextFile.open(source, false, nowMs)
    file.changedMs = changedMs ?? 0
    file.identify()
    if (!isOver && held.some((one) => isLeftBy(one, file))) return undefined
    const isCopy = this.#isCopy(file, stream, held, isOver)
    if ((isCopy || !file.head) && !isStable) return undefined
    this.#suspects.delete(name)
    if (!isCopy) return file
    this.#remember(file, stream, undefined)
    file.close()
    return undefined
  }

  /** Takes a suspect that holds what a file held before it was truncated. */
  takeCopy(name: string, of: TextFile): Source | undefined {
    const source = this.#suspects.get(name)
    if (!source || source.packed || !of.head) return undefined
    const file = TextFile.open(source, false, 0)
    if (!file.identify() || !continues(file, of)) return undefined
    this.#suspects.delete(name)
    return source
  }

  /** Also the beginning of one, as it lies there while it is being made, or when that was cut short. */
  #isCopy(file: TextFile, stream: string, held: readonly TextFile[], isOver: boolean): boolean {
    const { head, source, size } = file
    if (!head || !source) return false
    const known = [...held, ...[...this.#closed.values()].filter((closed) => closed.stream === stream)]
    return known.some((one) => {
      const hash = one instanceof TextFile ? one.head?.hash : one.hash
      if (hash !== head.hash || !agrees(source.readAt, one.proof)) return false
      if (one instanceof TextFile && isShortAndOther(one, file)) return false
      if (one.size % 2 ** 32 === size % 2 ** 32) return true
      if (source.packed) return isOver && one.proof !== undefined
      if (!(one instanceof TextFile) || !one.source || one.source.packed) return false
      const { size: all } = one.source.facts()
      return size <= all && endsAlike(one.source, head, all)
    })
  }

  #remember({ file, head, proof, size, source, changedMs }: TextFile, stream: string, id?: string): void {
    if (!head) return
    const packed = source?.packed ?? false
    const known = proof ?? (source && proveShort(source.readAt, size))
    this.#closed.set(file, { stream, id, hash: head.hash, proof: known, size, packed, changedMs })
    for (const oldest of this.#closed.keys()) {
      if (this.#closed.size <= REMEMBERED) return
      this.#closed.delete(oldest)
    }
  }
}

/** Whether a file holds all that another one held when it was last looked at. */
function continues({ head, source, size }: TextFile, of: TextFile): boolean {
  if (!head || !source || !of.head || head.hash !== of.head.hash) return false
  return size >= of.reached && agrees(source.readAt, of.proof) && endsAlike(source, of.head, size)
}

/** Whether a file is what another one held before it was truncated, which nobody has seen yet. */
function isLeftBy(truncated: TextFile, file: TextFile): boolean {
  if (!truncated.source || truncated.source.packed || !continues(file, truncated)) return false
  return !truncated.stillItself(Buffer.allocUnsafe(SCRATCH_BYTES))
}

/** Whether two files of the same length are too short for a proof, and differ. */
function isShortAndOther({ source, size }: TextFile, file: TextFile): boolean {
  if (!source || !file.source || size !== file.size) return false
  return !agrees(file.source.readAt, proveShort(source.readAt, size))
}

/** Whether the remembered last bytes of one file stand in another, as far as that one goes. */
function endsAlike({ readAt }: Source, head: Head, size: number): boolean {
  const bytes = head.bytes.subarray(0, Math.max(0, Math.min(head.bytes.length, size - head.at)))
  return stillBegins(readAt, { ...head, bytes }, Buffer.allocUnsafe(Math.max(1, bytes.length)))
}
