/** One file of a stream between two rotations, and how far the hub has got in it. */
import type { Loss, Position } from '../protocol.ts'
import { type Head, readHead, stillBegins } from './head.ts'
import { fileIdOf, fromOf, type KnownFile, Section } from './section.ts'
import type { PackedFile, Source } from './source.ts'

/** Reading jumps ahead in a file whose sections before are not delivered yet at most this often. */
const MOST_SECTIONS = 8

export class Generation {
  /** Undefined once the file is gone: nothing more can be read. */
  source: Source | undefined
  readonly birthMs: number
  head: Head | undefined
  /** Bytes known to be in the file (uncompressed). */
  size: number
  /** In the order of their places. One for the whole file, until reading jumps ahead. */
  sections: readonly Section[] = [new Section(0)]
  /** Nothing will be appended any more. */
  final = false
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

  /**
   * A generation that the hub waits for and that lies nowhere any more; it is only told as ended. Whoever knows how
   * long it was at least sets its size.
   */
  static lost(known: KnownFile, cause: Loss['cause']): Generation {
    const generation = new Generation(undefined, known.file ?? '')
    generation.follow(known.sections)
    generation.size = generation.reached
    generation.#gone = { cause, unknown: true }
    return generation
  }

  get file(): string {
    return this.#file
  }

  /** What the hub is told of the file, to know it again by. */
  get told(): string {
    return this.#file
  }

  /** The hub's name for the file; undefined until its first record is complete and the stream is placed. */
  get id(): string | undefined {
    const { id } = this.newest
    return id === undefined ? undefined : fileIdOf(id)
  }

  /** The section that grows with the file. */
  get newest(): Section {
    return this.sections.at(-1) as Section
  }

  /** Place in the file behind all that was put into deliveries. */
  get reached(): number {
    return this.newest.reached
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

  /** The hub's word on where to go on: the positions of all sections, in the order of their places. */
  follow(positions: readonly Position[]): void {
    const sections = positions.map((position) => {
      const section = new Section(fromOf(position.generation))
      section.follow(position)
      return section
    })
    for (const [index, section] of sections.entries()) {
      const after = sections[index + 1]
      if (after) section.until = after.from
    }
    this.sections = sections
  }

  /** Begins a section at this place of the file, which becomes the newest one. False where there are too many. */
  split(place: number): boolean {
    const { newest, id } = this
    const before = this.sections.filter((section) => section === newest || !this.isDelivered(section))
    if (id === undefined || before.length >= MOST_SECTIONS) return false
    newest.until = place
    this.sections = [...before, new Section(place, `${id}@${place}`)]
    return true
  }

  /** How long the section is, as far as is known. */
  lengthOf({ from, until }: Section): number {
    return (until ?? this.size) - from
  }

  /** Nothing will be appended to the section. */
  isFinal({ until }: Section): boolean {
    return until !== undefined || this.final
  }

  /** There are bytes of it that were not put into a delivery. */
  isUnread(section: Section): boolean {
    if (this.source === undefined) return false
    if (section.position < this.lengthOf(section)) return true
    return section.until === undefined && this.source.packed && !this.source.atEnd
  }

  /** Nothing of it is left to be put into a delivery. */
  isSent(section: Section): boolean {
    return this.isFinal(section) && section.lastSent && section.position >= this.lengthOf(section)
  }

  /** The hub will never ask for it again. */
  isDelivered(section: Section): boolean {
    return this.isFinal(section) && section.ended && section.committed >= this.lengthOf(section)
  }

  /** Bytes that are in no delivery yet. */
  get unsentBytes(): number {
    let sum = 0
    for (const section of this.sections) sum += Math.max(0, this.lengthOf(section) - section.position)
    return sum
  }

  /** Asks the file how long it is. */
  measure(): number {
    if (this.source) this.size = Math.max(this.reached, sizeOf(this.source))
    return this.size
  }

  /** Bytes in the file, as far as anybody can say; Infinity for a packed file that was not read to its end. */
  get fileBytes(): number {
    if (!this.source) return Math.max(this.size, this.newest.from + this.newest.next)
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

  /** What is to be told as lost of this section where it stands; each byte once. */
  takeLoss(section: Section): Pick<Loss, 'cause' | 'bytes' | 'more'> | undefined {
    if (this.source || !this.#gone) return undefined
    const { cause, unknown } = this.#gone
    const bytes = this.lengthOf(section) - section.position
    const more = unknown && section.until === undefined
    if (section.until === undefined) {
      this.size = section.reached
      this.#gone = { cause, unknown: false }
    } else section.until = section.reached
    if (bytes > 0) return { cause, bytes, ...(more && { more }) }
    return more ? { cause } : undefined
  }

  /** The hub will never ask for it again. */
  get delivered(): boolean {
    return this.final && this.sections.every((section) => this.isDelivered(section))
  }

  close(): void {
    this.source?.close()
    this.source = undefined
  }
}

function sizeOf(source: Source): number {
  return source.packed ? (source satisfies PackedFile).size : source.facts().size
}
