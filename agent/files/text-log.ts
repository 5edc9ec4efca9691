/** A log that an app writes into a file of its own: the file at one path, and those that stood there before. */
import { basename } from 'node:path'
import type { Position } from '../protocol.ts'
import type { Generation } from './generation.ts'
import { Log, type LogOptions, named, type Pool } from './log.ts'
import { Memory } from './memory.ts'
import { filesOf } from './section.ts'
import { PlainFile, type Source, STEP_MS } from './source.ts'
import { TextFile } from './text-file.ts'

export interface TextLogOptions extends LogOptions {
  pool: Pool
  /** The file that somebody has made of this one before he truncated it. */
  copyOf: (file: TextFile, log: TextLog) => Source | undefined
  /** The hub has the file for good. */
  delivered: (file: TextFile, log: TextLog) => void
}

/** After the end of its container a file counts as complete when it has not grown for this long. */
const SETTLED_MS = 250
/** Whoever writes may do so for a while to a file that was renamed; should he come back later, that is seen. */
const RENAMED_MS = 10_000
/** A deleted file is not found again: whoever still writes to it must do so before this has passed. */
const DELETED_MS = 60_000
/** A file that is quiet for so long is told as delivered to its end for now, so that nobody waits for it. */
const QUIET_MS = 600_000
/** A file that grew within this time before it was truncated may have grown once more unseen. */
const BUSY_MS = 1000

export class TextLog extends Log {
  override readonly pool: Pool
  override readonly together = true
  /** The container does not run just now: unfinished lines are all there will be. */
  resting = false
  /** The container has ended, and nothing stood at the log's path then. */
  vacant = false
  rotations = 0
  readonly #options: TextLogOptions
  readonly #ids = new Memory()
  #files: TextFile[] = []
  /** There are files that were not looked at yet. */
  #taken = false
  /** A newer file than all that are held may have gone with the container; still to be told. */
  #unseen = false

  constructor(options: TextLogOptions) {
    super(options)
    this.#options = options
    this.pool = options.pool
  }

  override get generations(): readonly TextFile[] {
    return this.#files
  }

  protected override keep(generations: Generation[]): void {
    this.#files = this.#files.filter((file) => generations.includes(file))
  }

  /** Whoever finds the files watches their folders. */
  override get folder(): undefined {
    return undefined
  }

  override get capacityBytes(): number {
    return Number.POSITIVE_INFINITY
  }

  /** What may be missing is named by the files that are held. */
  protected override get maySettle(): boolean {
    return !this.#unseen
  }

  /** Where the newest file had left the log's path while its writer lived, another one took its place, unseen. */
  override remove(endedMs?: number): void {
    if (this.removed) return
    super.remove()
    const newest = this.#files.findLast(({ source }) => source && !source.packed)
    if (newest && !this.vacant) this.#unseen = this.#hadLeft(newest, endedMs)
  }

  #hadLeft({ source, name }: TextFile, endedMs = 0): boolean {
    if (!source || source.packed) return false
    if (!source.isNamed(name ?? basename(this.path))) return true
    const { links, changedMs } = source.facts()
    return links === 0 && changedMs < endedMs - STEP_MS
  }

  protected override forget(file: Generation): void {
    if (file instanceof TextFile) this.#options.delivered(file, this)
  }

  /** Takes a file in, at its place in the order of writing. */
  take(file: TextFile): void {
    if (file.live) {
      if (this.#files.some(({ live }) => live)) this.rotations++
      for (const other of this.#files) other.live = false
    }
    this.#taken = true
    this.#files = [...this.#files, file].sort(
      (a, b) => Number(a.live) - Number(b.live) || a.writtenMs - b.writtenMs
    )
  }

  /** Gives a file away that turned out to be another log's. */
  give(file: TextFile): void {
    this.#files = this.#files.filter((other) => other !== file)
  }

  /** Ids that the hub knows already. */
  use(ids: Iterable<string>): void {
    for (const id of ids) this.#ids.use(id)
  }

  override poll(nowMs: number): boolean {
    let more = this.#taken
    this.#taken = false
    for (const file of this.#files) if (this.#look(file, nowMs)) more = true
    if (this.#tellUnseen()) more = true
    if (more && this.placed) this.settle()
    return more
  }

  /** Where the files stand that have an id already. */
  override place(positions: readonly Position[]): void {
    const known = new Map(filesOf(positions).map((file) => [file.generation, file.sections]))
    this.use(known.keys())
    for (const file of this.#files) {
      const { id } = file
      if (id !== undefined) file.follow(known.get(id) ?? [this.#fresh(id)])
      else if (file.head) this.begin(file)
    }
    this.placed = true
    this.findFront()
    this.settle()
  }

  /** A file that the hub does not know. */
  begin(file: TextFile): void {
    file.follow([this.#fresh(this.#ids.freshId(file.head?.hash ?? ''))])
  }

  override restart(file: Generation): void {
    if (file instanceof TextFile) this.#truncated(file, Date.now())
  }

  /** Takes in what the hub waits for and nobody has: it is told as lost when its turn comes. */
  miss(file: TextFile): void {
    this.#files = [file, ...this.#files]
  }

  #look(file: TextFile, nowMs: number): boolean {
    const { source } = file
    if (!source || source.packed) return false
    const { size, links, changedMs: changed } = source.facts()
    file.unlinked = links === 0
    const changedMs = Math.floor(changed)
    const isChanged = size !== file.size || changedMs !== file.changedMs
    if (size < file.size || (isChanged && !file.stillItself(this.scratch))) {
      this.#truncated(file, nowMs)
      return true
    }
    file.changedMs = changedMs
    const grew = size > file.size
    if (grew) {
      file.size = size
      file.final = false
      file.grewMs = nowMs
      this.grewMs = nowMs
      file.remember()
    }
    file.reopen()
    if (!file.head && file.identify() && this.placed) this.begin(file)
    return this.#end(file, nowMs) || grew
  }

  /** Whether it is finished, as far as that can be known; true where there is something to tell of it now. */
  #end(file: TextFile, nowMs: number): boolean {
    const quietMs = nowMs - file.grewMs
    if (file.final) return false
    if (this.#isOver(file, quietMs)) {
      file.final = true
      if (!file.head && file.identify() && this.placed) this.begin(file)
      if (!file.head) this.#discard(file)
      return true
    }
    const { until } = file.newest
    const restMs = this.resting ? SETTLED_MS : QUIET_MS
    if (until !== undefined || quietMs < restMs || file.id === undefined) return false
    // The end of a line that nobody has finished is sent with the end of its section.
    file.seal()
    return file.newest.until !== undefined
  }

  #isOver({ live, unlinked }: TextFile, quietMs: number): boolean {
    if (this.removed) return quietMs > SETTLED_MS
    if (unlinked) return quietMs > DELETED_MS
    return !live && quietMs > RENAMED_MS
  }

  /** Once it is known what all files are called. True where it was told now. */
  #tellUnseen(): boolean {
    const isNameless = !this.placed && this.#files.length > 0
    if (!this.#unseen || isNameless || this.#files.some(({ final }) => !final)) return false
    this.#unseen = false
    const last = this.#files.at(-1)
    this.tell({ cause: 'removed-unread', ...named('after', last?.newest) })
    return true
  }

  /** A complete file without a single line: empty, or nothing but NUL bytes. */
  #discard(file: TextFile): void {
    if (file.size > 0) this.tell({ cause: 'unreadable', bytes: file.size, ...this.neighbours(file.newest) })
    file.close()
    this.give(file)
  }

  #truncated(file: TextFile, nowMs: number): void {
    const { source } = file
    if (!source || source.packed) return
    const again = new PlainFile(`/proc/self/fd/${source.fd}`)
    const copy = file.head && this.#options.copyOf(file, this)
    const { size } = file
    if (copy) {
      file.moveTo(copy)
      const bytes = size - Math.max(file.size, file.reached)
      // What was written between copying and truncating.
      if (bytes > 0) this.tell({ cause: 'truncated', bytes, ...this.neighbours(file.newest) })
    } else file.letGo('truncated', nowMs - file.grewMs < BUSY_MS)
    const renewed = TextFile.open(again, file.live, nowMs)
    renewed.name = file.name
    file.live = false
    const at = this.#files.indexOf(file)
    this.#files = this.#files.toSpliced(file.head ? at + 1 : at, file.head ? 0 : 1, renewed)
    this.rotations++
    this.grewMs = nowMs
    if (renewed.identify() && this.placed) this.begin(renewed)
    this.settle()
  }

  #fresh(id: string): Position {
    const { container, stream } = this
    return { container, stream, generation: id, next: 0, committed: 0 }
  }
}
