/** One stream: a log file over all its rotations, every piece of it held open until the hub has it for good. */
import { statSync } from 'node:fs'
import type { Loss, Position } from '../protocol.ts'
import { type Born, hasPredecessor, missedFiles } from './continuity.ts'
import { type Seen, walk } from './folder.ts'
import { Generation } from './generation.ts'
import { SCRATCH_BYTES } from './head.ts'
import { match, type OnDisk } from './match.ts'
import { Memory } from './memory.ts'
import type { Rotation } from './rotation.ts'
import { PlainFile, type Source } from './source.ts'

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

/** After so many looks at a folder with a missing number, the number counts as missing for good. */
const LOOKS = 20
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
  /** Oldest first; the last is the live file. */
  generations: Generation[] = []
  /** The hub has said where each generation stands. Until then files are held, and nothing is sent. */
  placed = false
  /** The last moment at which the stream was seen to grow, milliseconds since 1970. */
  grewMs = 0
  /** Rotations seen. */
  rotations = 0
  readonly #lost: (loss: Loss) => void
  readonly #scratch = Buffer.allocUnsafe(SCRATCH_BYTES)
  readonly #sinceMs: number
  readonly #memory = new Memory()
  /** What lay in the folder at the last look into it, oldest first. */
  #folder: Generation[] = []
  /** The newest file before a rotation that deleted it, until it is known whether others were missed after it. */
  #unproven: Generation | undefined
  /** It has been judged whether the oldest file is the first. */
  #begun = false
  #whole = false
  #looks = 0
  #removed = false

  constructor(options: LogStreamOptions) {
    this.container = options.container
    this.stream = options.stream
    this.path = options.path
    this.#sinceMs = options.sinceMs
    this.#lost = options.lost
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
    return this.#removed && this.generations.length === 0
  }

  /** Looks at the files; true where there is more to send than before. Throws where they cannot be read. */
  poll(nowMs: number): boolean {
    const before = this.#knownBytes()
    const count = this.generations.length
    const complete = this.#completed()
    const stat = statSync(this.path, { throwIfNoEntry: false })
    const live = this.#live
    const moved = stat && (!live || stat.ino !== live.ino || stat.dev !== live.dev)
    if (moved || (stat && !this.#whole)) this.#discover()
    if (stat && !moved && live) this.#measure(stat.size)
    else this.#measure(undefined)
    this.#identify(false)
    this.#prove()
    if (this.#removed && !stat && nowMs - this.grewMs > SETTLED_MS) this.#finish()
    const grew = this.#knownBytes() !== before || this.generations.length !== count
    if (grew) this.grewMs = nowMs
    return grew || this.#completed() !== complete
  }

  /**
   * Takes the hub's word on where each generation stands: opens what lies in the folder, finds each file in
   * the hub's list, and tells what the hub waits for and nobody has.
   */
  place(known: readonly Position[]): void {
    for (const { generation } of known) this.#memory.use(generation)
    this.#memory.reopen()
    if (!this.#removed) this.#discover()
    this.#identify(this.#removed)
    const told = new Set(this.generations.filter(({ head }) => !head).map(({ id }) => id))
    this.generations = this.generations.filter(({ head, source }) => head || source)
    const found = this.generations.filter(({ head }) => head)
    const { positions, missing } = match(found.map(onDisk), known)
    for (const [index, generation] of found.entries()) {
      generation.follow(positions[index] ?? this.#fresh(generation))
    }
    if (this.generations.length > 0) this.#forgetLost(missing, told)
    if (known.length === 0 && found.length > 0) this.#judgeBeginning()
    const newest = known.at(-1)
    if (newest?.ended && !positions.includes(newest) && found.length > 0 && missing.length === 0) {
      this.#tell({ cause: 'rotated-unread' })
    }
    this.placed = true
    this.#finalize()
    this.settle()
  }

  /** Closes the files that the hub has for good. */
  settle(): void {
    if (this.#unproven) return
    const delivered = this.generations.filter((generation) => generation.delivered)
    if (delivered.length === 0) return
    for (const generation of delivered) {
      const hash = generation.head?.hash
      if (hash) this.#memory.close(generation.file, hash, generation.size)
      generation.close()
    }
    this.generations = this.generations.filter((generation) => !generation.delivered)
  }

  /** The live file was truncated and begun anew, which was seen while reading it. */
  restart(generation: Generation): void {
    this.#truncated(generation)
  }

  /** Tells what of a given-up file never was sent. */
  tellLoss(generation: Generation): void {
    const loss = generation.takeLoss()
    if (loss) this.#tell({ ...loss, ...(generation.id !== undefined && { generation: generation.id }) })
  }

  /** Bytes that are in no delivery yet. */
  get unsentBytes(): number {
    let sum = 0
    for (const { size, position } of this.generations) sum += Math.max(0, size - position)
    return sum
  }

  /** The generation of an id. */
  find(id: string): Generation | undefined {
    return this.generations.find((generation) => generation.id === id)
  }

  close(): void {
    for (const generation of this.generations) generation.close()
    this.generations = []
  }

  get scratch(): Buffer {
    return this.#scratch
  }

  get #live(): PlainFile | undefined {
    const source = this.generations.at(-1)?.source
    return source && !source.packed ? source : undefined
  }

  #discover(): void {
    const held = new Map(this.generations.map((generation) => [generation.file, generation]))
    const newest = this.generations.at(-1)
    let walked: ReturnType<typeof walk>
    try {
      walked = walk(this.path, (file) => held.has(file) || this.#memory.isClosed(file))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      throw error
    }
    const opened = this.#open(walked.files)
    const there = new Set(walked.files.map(({ file }) => file))
    if (this.#unproven && !isGone(this.#unproven, there)) this.#unproven = undefined
    if (newest && isGone(newest, there)) this.#unproven ??= newest
    // A file that lies there under a name that the walk was too early for makes it worth another one.
    const whole = walked.whole && !(this.#unproven && isLinked(this.#unproven))
    this.#looks = whole ? 0 : this.#looks + 1
    this.#whole = whole || this.#looks > LOOKS
    const found = new Map([...this.#folder, ...this.generations, ...opened].map((one) => [one.file, one]))
    this.#folder = walked.files.flatMap(({ file }) => found.get(file) ?? [])
    if (opened.length === 0) return
    if (newest) this.rotations += opened.filter(({ birthMs }) => birthMs > newest.birthMs).length
    this.#insert(opened, walked.files)
  }

  /** Without packed copies of files that are held or were read already. */
  #open(files: readonly Seen[]): Generation[] {
    const opened = files.flatMap(({ source }) => (source ? [new Generation(source, source.file)] : []))
    for (const generation of opened) this.#knows(generation)
    // A file may have been met plain, packed, and met again, all in one walk.
    const held = [...this.generations, ...opened].filter(({ source }) => !source?.packed)
    return opened.filter((generation) => !this.#isCopy(generation, held))
  }

  #isCopy({ source, head }: Generation, held: readonly Generation[]): boolean {
    if (!source?.packed || !head) return false
    const { file, size } = source
    const { hash } = head
    const original = held.find((one) => one.head?.hash === hash && one.measure() % 2 ** 32 === size)
    if (!original && !this.#memory.isCopy(hash, size)) return false
    if (original) original.copy = file
    this.#memory.close(file, hash, size)
    source.close()
    return true
  }

  /** Files that lie in the folder stand in its order, behind those that only we hold. */
  #insert(opened: Generation[], files: readonly Seen[]): void {
    const all = new Map([...this.generations, ...opened].map((generation) => [generation.file, generation]))
    const inFolder = files.flatMap(({ file }) => all.get(file) ?? [])
    const lying = new Set(inFolder)
    const onlyHeld = this.generations.filter((generation) => !lying.has(generation))
    this.generations = [...onlyHeld, ...inFolder]
  }

  #measure(liveSize: number | undefined): void {
    // The newest file that has a record may still be written to although a newer, empty one lies at its path.
    for (let index = this.generations.length - 1; index >= 0; index--) {
      const generation = this.generations[index]
      if (!generation || generation.final) return
      const { source, size } = generation
      if (!source || source.packed) continue
      const isLive = index === this.generations.length - 1
      const now = (isLive ? liveSize : undefined) ?? source.facts().size
      const renewed = now < size || (now > size && !generation.stillItself(this.#scratch))
      if (renewed) this.#truncated(generation)
      else generation.size = now
    }
  }

  #identify(whole: boolean): void {
    for (const generation of [...this.generations]) {
      if (generation.id !== undefined || !generation.source) continue
      if (whole) generation.final = true
      if (this.#knows(generation)) {
        if (this.placed) generation.follow(this.#fresh(generation))
      } else if (generation.final) this.#discard(generation)
    }
    this.#finalize()
  }

  /** A packed file may be damaged. */
  #knows(generation: Generation): boolean {
    try {
      return generation.identify()
    } catch {
      return false
    }
  }

  /** A complete file without a single record: empty, nothing but NUL bytes, or damaged. */
  #discard(generation: Generation): void {
    if (generation.size > 0) this.#tell({ cause: 'unreadable', bytes: generation.size })
    generation.close()
    this.generations = this.generations.filter((other) => other !== generation)
  }

  /** A file is complete as soon as a newer one has a record: whoever writes has moved on. */
  #finalize(): void {
    let newer = false
    for (let index = this.generations.length - 1; index >= 0; index--) {
      const generation = this.generations[index]
      if (!generation) continue
      if (newer && !generation.final) {
        generation.measure()
        generation.final = true
      }
      newer ||= generation.head !== undefined
    }
  }

  /** Whether files were deleted unseen after one that is gone from the folder. */
  #prove(): void {
    const deleted = this.#unproven
    const { packs } = this.rotation ?? {}
    if (!deleted || !this.#whole || packs === undefined) return
    const after = this.generations.slice(this.generations.indexOf(deleted) + 1)
    const between = after.filter((generation) => !this.#folder.includes(generation))
    if ([...between, ...this.#folder].some(({ head, source }) => !head && source)) return
    this.#unproven = undefined
    const { source } = deleted
    if (source && !source.packed && !isLinked(deleted)) {
      const deletedMs = source.facts().changedMs
      const missed = missedFiles({
        deletedMs,
        folder: this.#folder.map(born),
        between: between.map(born),
        packs
      })
      if (missed > 0) this.#tell({ cause: 'rotated-unread' })
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
      this.#tell({ cause: 'rotated-unread' })
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
    if (generation.head) this.generations.splice(this.generations.indexOf(generation) + 1, 0, renewed)
    else this.generations.splice(this.generations.indexOf(generation), 1, renewed)
    this.grewMs = Date.now()
    this.#identify(false)
  }

  /** `copytruncate` leaves the old contents as `.1`. */
  #copyOf(generation: Generation): Source | undefined {
    const held = new Set(this.generations.map(({ file }) => file))
    let copy: Source | undefined
    for (const { source } of walk(this.path, (file) => held.has(file)).files) {
      if (!source) continue
      const found = new Generation(source, source.file)
      found.final = true
      found.identify()
      const same = found.head?.hash === generation.head?.hash && found.size >= generation.position
      if (same && !copy) copy = source
      else source.close()
    }
    return copy
  }

  /** Nobody writes any more: unfinished last records are all there will be. */
  #finish(): void {
    for (const generation of this.generations) {
      if (generation.final) continue
      generation.measure()
      generation.final = true
    }
    this.#identify(true)
    this.#whole = true
    this.#prove()
  }

  /** Generations that the hub waits for and that lie nowhere: told as lost, and ended where they stand. */
  #forgetLost(missing: readonly Position[], told: ReadonlySet<string | undefined>): void {
    const files = new Set(this.generations.map(({ file }) => file))
    const lost = missing.map((position) => {
      const truncated = position.file !== undefined && files.has(position.file)
      const generation = Generation.lost(position, truncated ? 'truncated' : 'rotated-unread')
      if (told.has(position.generation)) generation.takeLoss()
      return generation
    })
    this.generations.unshift(...lost)
  }

  #fresh(generation: Generation): Position {
    const id = generation.id ?? this.#memory.freshId(generation.head?.hash ?? '')
    const { container, stream } = this
    return { container, stream, generation: id, next: 0, committed: 0 }
  }

  #tell(loss: Pick<Loss, 'cause' | 'bytes' | 'generation'>): void {
    this.#lost({ container: this.container, stream: this.stream, atMs: Date.now(), ...loss })
  }

  #completed(): number {
    return this.generations.filter(({ final }) => final).length
  }

  #knownBytes(): number {
    let sum = 0
    for (const { size } of this.generations) sum += size
    return sum
  }
}

/** It does not lie in the folder any more, as it was or packed. */
function isGone({ source, file, copy }: Generation, there: ReadonlySet<string>): boolean {
  return source !== undefined && !there.has(file) && !(copy !== undefined && there.has(copy))
}

function isLinked({ source }: Generation): boolean {
  return source !== undefined && !source.packed && source.facts().links > 0
}

function born({ birthMs, head }: Generation): Born {
  return { birthMs, recordMs: head?.timeMs }
}

function onDisk(generation: Generation): OnDisk {
  return {
    file: generation.file,
    hash: generation.head?.hash ?? '',
    size: generation.size,
    packed: generation.source?.packed ?? false
  }
}
