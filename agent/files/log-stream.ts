/** A log that Docker writes: its file over all its rotations, `x.log`, `x.log.1`, `x.log.2.gz`. */
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Position } from '../protocol.ts'
import { hasPredecessor } from './continuity.ts'
import { walk } from './folder.ts'
import { Generation } from './generation.ts'
import { Log, type LogOptions, named } from './log.ts'
import { match, type OnDisk } from './match.ts'
import type { Rotation } from './rotation.ts'
import { filesOf, type KnownFile } from './section.ts'
import { PlainFile, type Source } from './source.ts'
import { born, Succession } from './succession.ts'

export interface LogStreamOptions extends LogOptions {
  /** Since when this host is watched, in ms since 1970: what was written after that ought to be here. */
  sinceMs: number
}

/** A removed container's file counts as complete when it has not grown for this long. */
const SETTLED_MS = 250
/** A file that grew within this time before it was truncated may have grown once more unseen. */
const BUSY_MS = 1000

export class LogStream extends Log {
  /** Undefined until the engine has told it. */
  rotation: Rotation | undefined
  readonly #sinceMs: number
  readonly #files: Succession
  /** The hub knows nothing of this stream: whether the oldest file is the first is to be judged, once. */
  #beginning: 'unasked' | 'asked' | 'judged' = 'unasked'
  /** It has been judged whether the newest file is the last. */
  #ended = false

  constructor(options: LogStreamOptions) {
    super(options)
    this.#files = new Succession(options.path)
    this.#sinceMs = options.sinceMs
  }

  override get generations(): readonly Generation[] {
    return this.#files.generations
  }

  protected override keep(generations: Generation[]): void {
    this.#files.generations = generations
  }

  override get rotations(): number {
    return this.#files.rotations
  }

  override get folder(): string {
    return dirname(this.path)
  }

  override get capacityBytes(): number {
    // Before anything is known of a container, the worst is expected.
    return this.rotation?.capacityBytes ?? 0
  }

  /** Looks at the files; true where there is more to send than before. Throws where they cannot be read. */
  poll(nowMs: number): boolean {
    const before = this.knownBytes
    const count = this.#files.generations.length
    const complete = this.#completed()
    const stat = statSync(this.path, { throwIfNoEntry: false })
    const live = this.#live
    const moved = stat && (!live || stat.ino !== live.ino || stat.dev !== live.dev)
    if (moved || (stat && this.#files.isDue(nowMs))) this.#files.look(nowMs)
    if (stat && !moved && live) this.#measure(stat.size)
    else this.#measure(undefined)
    this.#identify(false)
    if (this.#beginning === 'asked') this.#judgeBeginning()
    this.#prove()
    if (this.removed && !stat && nowMs - this.grewMs > SETTLED_MS) this.#finish()
    const grew = this.knownBytes !== before || this.#files.generations.length !== count
    if (grew) this.grewMs = nowMs
    return grew || this.#completed() !== complete
  }

  /**
   * Takes the hub's word on where each generation stands: opens what lies in the folder, finds each file in
   * the hub's list, and tells what the hub waits for and nobody has.
   */
  place(positions: readonly Position[]): void {
    const known = filesOf(positions)
    for (const { generation } of known) this.#files.memory.use(generation)
    this.#files.memory.reopen()
    if (!this.removed) this.#files.look(Date.now())
    this.#identify(this.removed)
    const told = new Set(this.#files.generations.filter(({ head }) => !head).map(({ id }) => id))
    this.#files.generations = this.#files.generations.filter(({ head, source }) => head || source)
    const found = this.#files.generations.filter(({ head }) => head)
    const { positions: matched, missing } = match(found.map(onDisk), known)
    for (const [index, generation] of found.entries()) {
      generation.follow(matched[index]?.sections ?? [this.#fresh(generation)])
    }
    if (this.#files.generations.length > 0) this.#forgetLost(missing, told)
    if (known.length === 0 && found.length > 0 && this.#beginning === 'unasked') {
      this.#beginning = 'asked'
      this.#judgeBeginning()
    }
    const newest = known.at(-1)
    if (newest?.ended && !matched.includes(newest) && found.length > 0 && missing.length === 0) {
      const { generation } = newest.sections.at(-1) ?? newest
      this.tell({ cause: 'rotated-unread', after: generation, ...named('before', found[0]?.sections[0]) })
    }
    this.placed = true
    this.findFront()
    this.#finalize()
    this.settle()
  }

  protected override get seesAll(): boolean {
    return this.#files.whole
  }

  /** How the newest file was deleted may still have to be judged by it. */
  protected override get maySettle(): boolean {
    return this.#files.proven
  }

  protected override forget({ file, size, head }: Generation): void {
    if (head) this.#files.memory.close(file, head.hash, size)
  }

  /** The live file was truncated and begun anew, which was seen while reading it. */
  restart(generation: Generation): void {
    this.#truncated(generation)
  }

  /** The hub has the whole of this file (`dev:inode:birth`) for good, as far as is remembered. */
  hasDelivered(file: string): boolean {
    return this.#files.memory.isClosed(file)
  }

  get #live(): PlainFile | undefined {
    const source = this.#files.generations.at(-1)?.source
    return source && !source.packed ? source : undefined
  }

  #measure(liveSize: number | undefined): void {
    // The newest file that has a record may still be written to although a newer, empty one lies at its path.
    for (let index = this.#files.generations.length - 1; index >= 0; index--) {
      const generation = this.#files.generations[index]
      if (!generation || generation.final) return
      const { source, size } = generation
      if (!source || source.packed) continue
      const isLive = index === this.#files.generations.length - 1
      const now = (isLive ? liveSize : undefined) ?? source.facts().size
      const renewed = now < size || (now > size && !generation.stillItself(this.scratch))
      if (renewed) this.#truncated(generation)
      else generation.size = now
    }
  }

  #identify(whole: boolean): void {
    for (const generation of [...this.#files.generations]) {
      if (generation.id !== undefined || !generation.source) continue
      if (whole) generation.final = true
      if (generation.identify()) {
        if (this.placed) generation.follow([this.#fresh(generation)])
      } else if (generation.final) this.#discard(generation)
    }
    this.#finalize()
  }

  /** A complete file without a single record: empty, nothing but NUL bytes, or damaged. */
  #discard(generation: Generation): void {
    const { size, newest } = generation
    if (size > 0) this.tell({ cause: 'unreadable', bytes: size, ...this.neighbours(newest) })
    generation.close()
    this.#files.generations = this.#files.generations.filter((other) => other !== generation)
  }

  /** A file is complete as soon as a newer one has a record: whoever writes has moved on. */
  #finalize(): void {
    let newer = false
    for (let index = this.#files.generations.length - 1; index >= 0; index--) {
      const generation = this.#files.generations[index]
      if (!generation) continue
      if (newer && !generation.final) {
        generation.measure()
        generation.final = true
      }
      newer ||= generation.head !== undefined
    }
  }

  #prove(): void {
    if (this.#files.proven || !this.rotation) return
    const { files, packs } = this.rotation
    // What is packed is deleted before the next rotation: the folder may not have been full yet.
    this.#files.full = packs ? 0 : files
    for (const generation of this.#files.prove(packs)) {
      const { newest } = generation
      this.tell({ cause: 'rotated-unread', ...this.neighbours(newest), ...named('after', newest) })
    }
    this.settle()
  }

  /** Whether the hub, which knows nothing of this stream yet, gets it from its first line on. */
  #judgeBeginning(): void {
    const { rotation, generations } = this
    const [oldest] = generations
    // While files move, nobody can say which is the oldest.
    if (!this.#files.whole || !rotation || !oldest) return
    this.#beginning = 'judged'
    if (rotation.capacityBytes === Number.POSITIVE_INFINITY || generations.length < rotation.files) return
    const packed = oldest.source?.packed ?? false
    const bornMs = packed ? (oldest.head?.timeMs ?? 0) : oldest.birthMs
    // Nothing tells whether a packed file is the first; where the number of files is full, it hardly ever is.
    if (bornMs > this.#sinceMs && (packed || hasPredecessor(born(oldest)))) {
      this.tell({ cause: 'rotated-unread', ...named('before', oldest.sections[0]) })
    }
  }

  #truncated(generation: Generation): void {
    const { source } = generation
    if (!source || source.packed) return
    const again = new PlainFile(`/proc/self/fd/${source.fd}`)
    const copy = generation.head && this.#copyOf(generation)
    if (copy) generation.moveTo(copy)
    else {
      // A file that was just being written to may have had more than anybody saw.
      generation.letGo('truncated', Date.now() - this.grewMs < BUSY_MS)
    }
    const renewed = new Generation(again, again.file)
    if (generation.head)
      this.#files.generations.splice(this.#files.generations.indexOf(generation) + 1, 0, renewed)
    else this.#files.generations.splice(this.#files.generations.indexOf(generation), 1, renewed)
    this.grewMs = Date.now()
    this.#identify(false)
  }

  /** `copytruncate` leaves the old contents as `.1`. */
  #copyOf(generation: Generation): Source | undefined {
    const held = new Set(this.#files.generations.map(({ file }) => file))
    let copy: Source | undefined
    for (const { source } of walk(this.path, (file) => held.has(file)).files) {
      if (!source) continue
      const found = new Generation(source, source.file)
      found.final = true
      found.identify()
      const same = found.head?.hash === generation.head?.hash && found.size >= generation.reached
      if (same && !copy) copy = source
      else source.close()
    }
    return copy
  }

  /** Nobody writes any more: unfinished last records are all there will be. */
  #finish(): void {
    for (const generation of this.#files.generations) {
      if (generation.final) continue
      generation.measure()
      generation.final = true
    }
    this.#identify(true)
    this.#files.finish()
    this.#prove()
    this.#judgeEnd()
  }

  /** A file that had been rotated when it was deleted had a newer one beside it, which nobody has seen. */
  #judgeEnd(): void {
    if (this.#ended) return
    this.#ended = true
    const newest = this.#files.generations.at(-1)
    if (!newest?.source || newest.source.packed || !newest.source.wasRotated()) return
    this.tell({ cause: 'removed-unread', ...named('after', newest.newest) })
  }

  /** Generations that the hub waits for and that lie nowhere: told as lost, and ended where they stand. */
  #forgetLost(missing: readonly KnownFile[], told: ReadonlySet<string | undefined>): void {
    const files = new Set(this.#files.generations.map(({ file }) => file))
    const lost = missing.map((position) => {
      const truncated = position.file !== undefined && files.has(position.file)
      const generation = Generation.lost(position, truncated ? 'truncated' : 'rotated-unread')
      if (told.has(position.generation))
        for (const section of generation.sections) generation.takeLoss(section)
      else if (!truncated) generation.size = Math.max(generation.size, this.rotation?.fileBytes ?? 0)
      return generation
    })
    this.#files.generations.unshift(...lost)
  }

  #fresh(generation: Generation): Position {
    const id = generation.id ?? this.#files.memory.freshId(generation.head?.hash ?? '')
    const { container, stream } = this
    return { container, stream, generation: id, next: 0, committed: 0 }
  }

  #completed(): number {
    return this.#files.generations.filter(({ final }) => final).length
  }
}

function onDisk(generation: Generation): OnDisk {
  return {
    file: generation.file,
    hash: generation.head?.hash ?? '',
    size: generation.size,
    packed: generation.source?.packed ?? false
  }
}
