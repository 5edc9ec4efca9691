/** One stream: a log file over all its rotations, every piece of it held open until the hub has it for good. */
import { statSync } from 'node:fs'
import type { Loss, Position } from '../protocol.ts'
import { hasPredecessor } from './continuity.ts'
import { cutNear } from './cut.ts'
import { walk } from './folder.ts'
import { Generation } from './generation.ts'
import { SCRATCH_BYTES } from './head.ts'
import { match, type OnDisk } from './match.ts'
import type { Rotation } from './rotation.ts'
import { filesOf, type KnownFile, type Section } from './section.ts'
import { PlainFile, type Source } from './source.ts'
import { born, Succession } from './succession.ts'

export interface LogStreamOptions {
  container: string
  /** `docker` is the container's own log. */
  stream: string
  /** The live file; rotated ones lie beside it as `.1`, `.2.gz` … */
  path: string
  /** Since when this host is watched, in ms since 1970: what was written after that ought to be here. */
  sinceMs: number
  /** Called for whatever cannot be read any more. */
  lost: (loss: Loss) => void
}

/** Less than this is not worth a jump: it is delivered at once. */
const LEAST_SKIPPED_BYTES = 64 * 1024

/** A section and the file in which it lies. */
export interface Place {
  generation: Generation
  section: Section
}

/** A removed container's file counts as complete when it has not grown for this long. */
const SETTLED_MS = 250
/** A file that grew within this time before it was truncated may have grown once more unseen. */
const BUSY_MS = 1000

export class LogStream {
  readonly container: string
  readonly stream: string
  readonly path: string
  /** Undefined until the engine has told it. */
  rotation: Rotation | undefined
  /** The hub has said where each generation stands. Until then files are held, and nothing is sent. */
  placed = false
  /** The last moment at which the stream was seen to grow, milliseconds since 1970. */
  grewMs = 0
  readonly #lost: (loss: Loss) => void
  readonly #scratch = Buffer.allocUnsafe(SCRATCH_BYTES)
  readonly #sinceMs: number
  readonly #files: Succession
  #front: Section | undefined
  /** It has been judged whether the oldest file is the first. */
  #begun = false
  #removed = false

  constructor(options: LogStreamOptions) {
    this.container = options.container
    this.stream = options.stream
    this.path = options.path
    this.#files = new Succession(options.path)
    this.#sinceMs = options.sinceMs
    this.#lost = options.lost
  }

  /** Oldest first; the last is the live file. */
  get generations(): readonly Generation[] {
    return this.#files.generations
  }

  /** Rotations seen. */
  get rotations(): number {
    return this.#files.rotations
  }

  /** The container is gone: what is held is read to its end, and nothing new is looked for. */
  remove(): void {
    this.#removed = true
  }

  get removed(): boolean {
    return this.#removed
  }

  /** Everything that ever was in it is delivered, and nothing will come. */
  get done(): boolean {
    return this.#removed && this.#files.generations.length === 0
  }

  /** Looks at the files; true where there is more to send than before. Throws where they cannot be read. */
  poll(nowMs: number): boolean {
    const before = this.#knownBytes()
    const count = this.#files.generations.length
    const complete = this.#completed()
    const stat = statSync(this.path, { throwIfNoEntry: false })
    const live = this.#live
    const moved = stat && (!live || stat.ino !== live.ino || stat.dev !== live.dev)
    if (moved || (stat && !this.#files.whole)) this.#files.look()
    if (stat && !moved && live) this.#measure(stat.size)
    else this.#measure(undefined)
    this.#identify(false)
    this.#prove()
    if (this.#removed && !stat && nowMs - this.grewMs > SETTLED_MS) this.#finish()
    const grew = this.#knownBytes() !== before || this.#files.generations.length !== count
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
    if (!this.#removed) this.#files.look()
    this.#identify(this.#removed)
    const told = new Set(this.#files.generations.filter(({ head }) => !head).map(({ id }) => id))
    this.#files.generations = this.#files.generations.filter(({ head, source }) => head || source)
    const found = this.#files.generations.filter(({ head }) => head)
    const { positions: matched, missing } = match(found.map(onDisk), known)
    for (const [index, generation] of found.entries()) {
      generation.follow(matched[index]?.sections ?? [this.#fresh(generation)])
    }
    if (this.#files.generations.length > 0) this.#forgetLost(missing, told)
    if (known.length === 0 && found.length > 0) this.#judgeBeginning()
    const newest = known.at(-1)
    if (newest?.ended && !matched.includes(newest) && found.length > 0 && missing.length === 0) {
      const { generation } = newest.sections.at(-1) ?? newest
      this.#tell({ cause: 'rotated-unread', after: generation, ...named('before', found[0]?.sections[0]) })
    }
    this.placed = true
    this.#front = this.#frontAsKnown()
    this.#finalize()
    this.settle()
  }

  /** Behind what is delivered already; undefined where nothing is left that was skipped. */
  #frontNow(front: Section): Section | undefined {
    const open = this.places().filter(({ generation, section }) => {
      return section === front || !generation.isDelivered(section)
    })
    const index = open.findIndex(({ section }) => section === front)
    if (index <= 0) return undefined
    const place = open[index]
    return place?.generation.isDelivered(front) ? (open[index + 1]?.section ?? front) : front
  }

  /** Where reading had jumped to before, by what the hub has of it. */
  #frontAsKnown(): Section | undefined {
    const places = this.places()
    const front = places.findLast(({ section }) => section.from > 0 && section.next > 0)
    return front?.section
  }

  /** Closes the files that the hub has for good. */
  settle(): void {
    if (this.#front) this.#front = this.#frontNow(this.#front)
    if (!this.#files.proven) return
    const delivered = this.#files.generations.filter((generation) => generation.delivered)
    if (delivered.length === 0) return
    for (const generation of delivered) {
      const hash = generation.head?.hash
      if (hash) this.#files.memory.close(generation.file, hash, generation.size)
      generation.close()
    }
    this.#files.generations = this.#files.generations.filter((generation) => !generation.delivered)
  }

  /** The live file was truncated and begun anew, which was seen while reading it. */
  restart(generation: Generation): void {
    this.#truncated(generation)
  }

  /** Tells what of a given-up file never was sent. */
  tellLoss(generation: Generation, section: Section): void {
    const loss = generation.takeLoss(section)
    if (!loss) return
    const place = section.id !== undefined && { generation: section.id, offset: section.position }
    this.#tell({ ...loss, ...place, ...this.#neighbours(section) })
  }

  /** Bytes that are in no delivery yet. */
  get unsentBytes(): number {
    let sum = 0
    for (const generation of this.#files.generations) sum += generation.unsentBytes
    return sum
  }

  /** All sections, in the order in which they were written. */
  places(): Place[] {
    return this.#files.generations.flatMap((generation) =>
      generation.sections.map((section) => ({ generation, section }))
    )
  }

  /** The section to which reading jumped ahead, while something before it is left to be delivered. */
  get front(): Section | undefined {
    return this.#front
  }

  /**
   * Goes on with the newest lines; those before are delivered behind them. Nothing changes where there is hardly
   * anything to skip, or no place in the newest lines at which no record is cut.
   */
  jumpAhead(): void {
    const generation = this.#files.generations.at(-1)
    if (!this.placed || this.#removed || this.unsentBytes < LEAST_SKIPPED_BYTES) return
    const { source, id } = generation ?? {}
    if (!generation || id === undefined || !source || source.packed || generation.final) return
    const { newest } = generation
    const place = cutNear(source, generation.measure())
    if (place === undefined) return
    if (place - newest.reached >= LEAST_SKIPPED_BYTES && !generation.split(place)) return
    this.#front = generation.newest
    this.settle()
  }

  /** The section of an id. */
  find(id: string): Place | undefined {
    for (const generation of this.#files.generations) {
      const section = generation.sections.find((one) => one.id === id)
      if (section) return { generation, section }
    }
    return undefined
  }

  close(): void {
    for (const generation of this.#files.generations) generation.close()
    this.#files.generations = []
  }

  get scratch(): Buffer {
    return this.#scratch
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
      const renewed = now < size || (now > size && !generation.stillItself(this.#scratch))
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
    if (size > 0) this.#tell({ cause: 'unreadable', bytes: size, ...this.#neighbours(newest) })
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
    const { packs } = this.rotation ?? {}
    if (this.#files.proven || packs === undefined) return
    if (this.#files.prove(packs) === 'missed') {
      const after = this.#files.missedAfter?.newest
      const { before } = after ? this.#neighbours(after) : {}
      const place = { ...named('after', after), ...(before !== undefined && { before }) }
      this.#tell({ cause: 'rotated-unread', ...place })
    }
    this.settle()
  }

  /** Whether the hub, which knows nothing of this stream yet, gets it from its first line on. */
  #judgeBeginning(): void {
    const { rotation, generations } = this
    const [oldest] = generations
    if (this.#begun || !rotation || !oldest) return
    this.#begun = true
    if (rotation.capacityBytes === Number.POSITIVE_INFINITY || generations.length < rotation.files) return
    const packed = oldest.source?.packed ?? false
    const bornMs = packed ? (oldest.head?.timeMs ?? 0) : oldest.birthMs
    // Nothing tells whether a packed file is the first; where the number of files is full, it hardly ever is.
    if (bornMs > this.#sinceMs && (packed || hasPredecessor(born(oldest)))) {
      this.#tell({ cause: 'rotated-unread', ...named('before', oldest.sections[0]) })
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

  /** What was written right before it, and right after. */
  #neighbours(section: Section): Pick<Loss, 'after' | 'before'> {
    const places = this.places()
    const at = places.findIndex((place) => place.section === section)
    return { ...named('after', places[at - 1]?.section), ...named('before', places[at + 1]?.section) }
  }

  #tell(loss: Omit<Loss, 'container' | 'stream' | 'atMs'>): void {
    this.#lost({ container: this.container, stream: this.stream, atMs: Date.now(), ...loss })
  }

  #completed(): number {
    return this.#files.generations.filter(({ final }) => final).length
  }

  #knownBytes(): number {
    let sum = 0
    for (const { size } of this.#files.generations) sum += size
    return sum
  }
}

function named<Name extends 'after' | 'before'>(name: Name, section: Section | undefined) {
  return (section?.id === undefined ? {} : { [name]: section.id }) as { [K in Name]?: string }
}

function onDisk(generation: Generation): OnDisk {
  return {
    file: generation.file,
    hash: generation.head?.hash ?? '',
    size: generation.size,
    packed: generation.source?.packed ?? false
  }
}
