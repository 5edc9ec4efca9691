/** Records on their way from an engine's answer to a spool: those that it has already are left out. */
import { type Output, type Piece, piecesOf, roomFor, writeRecord } from './record.ts'
import { type Overlap, Resume } from './resume.ts'
import type { Spool } from './spool.ts'

const BATCH_BYTES = 256 * 1024
const NEWLINE = 10

export class SpoolWriter {
  readonly #spool: Spool
  readonly #append: (bytes: Buffer, state: string) => boolean
  readonly #resume: Resume
  #batch = Buffer.allocUnsafe(BATCH_BYTES)
  #bytes = 0
  /** So many of them end with whole lines: an unfinished one is written together with its end. */
  #whole = 0
  readonly #unfinished = new Set<Output>()
  /** The times of the batch, and the newest of what is whole. */
  #first = ''
  #newest = ''
  #wholeNewest = ''
  #overlap: Overlap | undefined
  #torn = false
  /** The last flush found no room: what follows would leave a hole. */
  #stopped = false

  /** `append` says whether there was room. */
  constructor(spool: Spool, append: (bytes: Buffer, state: string) => boolean) {
    this.#spool = spool
    this.#append = append
    this.#resume = new Resume(spool)
  }

  /** A new answer begins. From when on to ask for it, `seconds.nanoseconds`; undefined: everything. */
  begin(): string | undefined {
    this.#drop()
    this.#stopped = false
    const overlap = this.#resume.overlap()
    this.#overlap = overlap.over ? undefined : overlap
    return this.#resume.since
  }

  /** The newest time of all records that were written. */
  get newest(): string {
    return this.#resume.newest
  }

  readonly each = (output: Output, time: string, text: Buffer): void => {
    const at = time || this.#newest || this.#resume.newest || new Date().toISOString()
    for (const piece of piecesOf(text)) this.#add({ output, time: at, text: piece })
  }

  /**
   * What was gathered is in the spool now, all of it or what ends with a whole line. False where there was no room:
   * it is to be asked for again.
   */
  flush(nowMs: number, all: boolean): boolean {
    if (all) this.#complete()
    if (this.#whole > 0 && !this.#stopped) this.#write(nowMs)
    return !this.#stopped
  }

  /** There is an unfinished line that waits for its end. */
  get waiting(): boolean {
    return this.#bytes > 0
  }

  /** True once where the engine has forgotten what the spool ends with. */
  takeTorn(): boolean {
    const torn = this.#torn
    this.#torn = false
    return torn
  }

  finish(): void {
    this.#spool.finish()
  }

  #add(piece: Piece): void {
    if (this.#stopped) return
    const room = roomFor(piece)
    if (this.#bytes + room > this.#batch.length) {
      if (this.#whole < this.#bytes / 2) this.#complete()
      this.#write(Date.now())
      if (this.#stopped) return
    }
    const end = writeRecord(this.#batch, this.#bytes, piece)
    if (this.#overlap && this.#isKnown(this.#overlap, piece.time, end)) return
    this.#bytes = end
    if (this.#first === '') this.#first = piece.time
    if (piece.time > this.#newest) this.#newest = piece.time
    if (piece.text[piece.text.length - 1] === NEWLINE) this.#unfinished.delete(piece.output)
    else this.#unfinished.add(piece.output)
    if (this.#unfinished.size === 0) this.#complete()
  }

  #complete(): void {
    this.#whole = this.#bytes
    this.#wholeNewest = this.#newest
  }

  #isKnown(overlap: Overlap, time: string, end: number): boolean {
    if (overlap.has(this.#batch.toString('latin1', this.#bytes, end))) return true
    overlap.passed(time)
    this.#torn ||= overlap.takeTorn()
    if (overlap.over) this.#overlap = undefined
    return false
  }

  #write(nowMs: number): void {
    const resume = this.#resume
    if (this.#first < resume.newest) resume.restartAt(this.#first)
    resume.advance(nowMs)
    if (this.#append(this.#batch.subarray(0, this.#whole), resume.newest)) {
      resume.note(this.#wholeNewest)
      this.#batch.copyWithin(0, this.#whole, this.#bytes)
      this.#bytes -= this.#whole
      this.#first = this.#bytes > 0 ? this.#newest : ''
      this.#whole = 0
    } else {
      this.#stopped = true
      this.#drop()
    }
  }

  #drop(): void {
    this.#bytes = 0
    this.#whole = 0
    this.#unfinished.clear()
    this.#first = ''
    this.#newest = ''
    this.#wholeNewest = ''
  }
}
