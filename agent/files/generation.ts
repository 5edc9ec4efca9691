/** One file of a stream between two rotations, and how far the hub has got in it. */
import type { Loss, Position } from '../protocol.ts'
import { type Head, readHead, stillBegins } from './head.ts'
import type { PackedFile, Source } from './source.ts'

export class Generation {
  /** The hub's name for it; undefined until its first record is complete and the stream is placed. */
  id: string | undefined
  /** Undefined once the file is gone: nothing more can be read. */
  source: Source | undefined
  readonly birthMs: number
  head: Head | undefined
  /** Bytes known to be in the file (uncompressed). */
  size: number
  /** Where the next chunk begins that is put into a delivery. */
  position = 0
  /** Where the next chunk must begin by the hub's last word. */
  next = 0
  /** The hub has everything before this for good. */
  committed = 0
  /** Nothing will be appended any more. */
  final = false
  /** A delivery that says `last` has been prepared. */
  lastSent = false
  /** The hub knows that nothing follows. */
  ended = false
  /** The file that Docker packed it into, once that was seen: `dev:inode:birth`. */
  copy: string | undefined
  /** Only this process's descriptor keeps the file. */
  unlinked = false
  #file: string
  #gone: { cause: Loss['cause']; unknown: boolean } | undefined

  constructor(source: Source | undefined, file: string) {
    this.source = source
    this.#file = file
    this.birthMs = source?.birthMs ?? 0
    this.size = source ? sizeOf(source) : 0
    this.final = source?.packed ?? true
  }

  /** A generation that the hub waits for and that lies nowhere any more; it is only told as ended. */
  static lost(position: Position, cause: Loss['cause']): Generation {
    const generation = new Generation(undefined, position.file ?? '')
    generation.follow(position)
    generation.size = position.next
    generation.#gone = { cause, unknown: true }
    return generation
  }

  get file(): string {
    return this.#file
  }

  /** Finds the first record; true once it is known. A packed file may be damaged, and never say it. */
  identify(): boolean {
    try {
      if (!this.head && this.source) this.head = readHead(this.source.readAt, this.final)
    } catch {
      return false
    }
    return this.head !== undefined
  }

  /** The hub's word on where to go on. */
  follow(position: Position): void {
    this.id = position.generation
    this.accept(position)
    this.position = position.next
    this.lastSent = this.ended
  }

  /** The hub's word after a delivery; what was prepared meanwhile stays prepared. */
  accept(position: Position): void {
    this.next = position.next
    this.committed = position.committed
    this.ended = position.ended ?? false
  }

  /** What was prepared did not arrive: it is prepared again. */
  rollBack(): void {
    this.position = this.next
    this.lastSent = this.ended
  }

  /** Asks the file how long it is. */
  measure(): number {
    if (this.source) this.size = Math.max(this.position, sizeOf(this.source))
    return this.size
  }

  /** Bytes in the file, as far as anybody can say; Infinity for a packed file that was not read to its end. */
  get fileBytes(): number {
    if (!this.source) return Math.max(this.size, this.next)
    if (this.source.packed && !this.source.atEnd) return Number.POSITIVE_INFINITY
    return sizeOf(this.source)
  }

  /** False where the file was truncated and begun anew under its name; what was read may be of either. */
  stillItself(scratch: Buffer): boolean {
    if (!this.source || this.source.packed || !this.head) return true
    return stillBegins(this.source.readAt, this.head, scratch)
  }

  /** Goes on from another file with the same contents (a copy made before truncation). */
  moveTo(source: Source): void {
    this.source?.close()
    this.source = source
    this.#file = source.file
    this.size = sizeOf(source)
    this.final = true
  }

  /** Gives the file up: what was not yet read is lost. `unknown`: there may have been more than is known of. */
  letGo(cause: Loss['cause'], unknown = false): void {
    this.source?.close()
    this.source = undefined
    this.final = true
    this.#gone ??= { cause, unknown }
  }

  /** What is to be told as lost at this position; each byte once. */
  takeLoss(): Pick<Loss, 'cause' | 'bytes'> | undefined {
    if (this.source || !this.#gone) return undefined
    const { cause, unknown } = this.#gone
    const bytes = this.size - this.position
    this.size = this.position
    this.#gone = { cause, unknown: false }
    if (bytes > 0) return { cause, bytes }
    return unknown ? { cause } : undefined
  }

  /** Nothing is left to be put into a delivery. */
  get sent(): boolean {
    return this.final && this.lastSent && this.position >= this.size
  }

  /** The hub will never ask for it again. */
  get delivered(): boolean {
    return this.final && this.ended && this.committed >= this.size
  }

  close(): void {
    this.source?.close()
    this.source = undefined
  }
}

function sizeOf(source: Source): number {
  return source.packed ? (source satisfies PackedFile).size : source.facts().size
}
