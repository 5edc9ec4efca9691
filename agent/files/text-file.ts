/** One file of plain text, of which nobody says when it is finished: it may grow again after it was given up. */
import type { Loss, Position } from '../protocol.ts'
import { Generation } from './generation.ts'
import { SCRATCH_BYTES } from './head.ts'
import { type Proof, prove } from './proof.ts'
import { type KnownFile, Section } from './section.ts'
import type { Source } from './source.ts'

export class TextFile extends Generation {
  /** It stands at its log's own path. */
  live: boolean
  /** When it was last seen to grow, milliseconds since 1970. */
  grewMs: number
  /** When it was last written to, and last changed in any way, as the file system says it. */
  writtenMs = 0
  changedMs = 0
  proof: Proof | undefined
  /** Its own name when it was found at its log's path, links followed; undefined where it never was. */
  name: string | undefined

  constructor(source: Source | undefined, file: string, live: boolean, nowMs: number) {
    super(source, file)
    this.live = live
    this.grewMs = nowMs
  }

  static open(source: Source, live: boolean, nowMs: number): TextFile {
    return new TextFile(source, source.file, live, nowMs)
  }

  /** A file that the hub waits for and that lies nowhere any more; it is only told as ended. */
  static missed(known: KnownFile, cause: Loss['cause'], nowMs: number): TextFile {
    const file = new TextFile(undefined, known.file ?? '', false, nowMs)
    file.follow(known.sections)
    file.size = file.reached
    file.letGo(cause, true)
    return file
  }

  /** A file that was delivered up to here before, and grew again. */
  static reopened(source: Source, known: { id: string; size: number }, nowMs: number): TextFile {
    const file = TextFile.open(source, false, nowMs)
    file.sections = [new Section(known.size, `${known.id}@${known.size}`)]
    return file
  }

  override get told(): string {
    return this.proof ? `${this.file}/${this.proof.bytes}.${this.proof.hash}` : this.file
  }

  override identify(): boolean {
    if (!super.identify()) return false
    if (!this.proof) this.remember()
    return true
  }

  override follow(positions: readonly Position[]): void {
    super.follow(positions)
    if (this.newest.ended) this.newest.until = this.newest.reached
    this.reopen()
  }

  override moveTo(source: Source): void {
    super.moveTo(source)
    this.reopen()
  }

  override split(place: number): boolean {
    const { until } = this.newest
    if (until !== undefined && until < place && !super.split(until)) return false
    return super.split(place)
  }

  /** Ends what is delivered where the file ends now; should it grow, a new section begins there. */
  seal(): void {
    if (this.newest.until === undefined && this.size > this.newest.from) this.newest.until = this.size
  }

  /** What has come behind a sealed end gets a section of its own. */
  reopen(): void {
    const { until } = this.newest
    if (until !== undefined && this.size > until) super.split(until)
  }

  /**
   * Remembers what stands at the end of the file: many files begin with the same lines, so that only this shows
   * whether one was truncated and written anew. To be called right after it was seen to be still the same.
   */
  remember(): void {
    const { source, head, size } = this
    if (!source || !head) return
    if (source.packed) {
      this.proof = prove(source.readAt, size, this.proof)
      return
    }
    const bytes = Buffer.allocUnsafe(Math.min(SCRATCH_BYTES, size))
    const at = size - bytes.length
    if (source.readAt(bytes, at) === bytes.length) this.head = { ...head, at, bytes }
    this.proof = prove(source.readAt, size, this.proof)
  }
}
