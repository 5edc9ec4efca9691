/** The files of one stream in the order in which they were written: those in the folder, and those only held. */
import { type Born, missedFiles, type Span } from './continuity.ts'
import { type Seen, walk } from './folder.ts'
import { Generation } from './generation.ts'
import { lastTime } from './head.ts'
import { Memory } from './memory.ts'

/** When a number is missing in the folder for so long, and so many looks, it counts as missing for good. */
const LOOKS = 20
const MISSING_MS = 1000

export class Succession {
  /** Oldest first; the last is the live file. */
  generations: Generation[] = []
  /** Rotations seen. */
  rotations = 0
  readonly memory = new Memory()
  readonly #path: string
  /** What lay in the folder at the last look into it, oldest first. */
  #folder: Generation[] = []
  /** Each the newest file when a rotation had deleted it, oldest first, until it is known whether others were missed after it. */
  #unproven: Generation[] = []
  /** So many lie in the folder whenever no rotation is under way; 0: not known, or not sure. */
  #full = 0
  #whole = false
  /** Looks since a number was missing, and when the first and the last of them were. */
  #looks = 0
  #missingMs = 0
  #lookedMs = Number.NEGATIVE_INFINITY

  constructor(path: string) {
    this.#path = path
  }

  /** The last look showed all that lies in the folder. */
  get whole(): boolean {
    return this.#whole
  }

  /** The folder is to be looked at again: it was moving, or a number that is missing may have come back. */
  isDue(nowMs: number): boolean {
    return !this.#whole || (this.#looks > 0 && nowMs - this.#lookedMs >= MISSING_MS)
  }

  /** There is nothing that prove() would have to say: all files follow each other, or it has been told. */
  get proven(): boolean {
    return this.#unproven.length === 0
  }

  /** How many files a rotation that deletes one leaves. */
  set full(files: number) {
    if (files === this.#full) return
    this.#full = files
    if (this.#isShort(this.#folder)) this.#whole = false
  }

  /** Nothing will come any more: what was seen is all. */
  finish(): void {
    this.#whole = true
    this.#looks = 0
  }

  /** Opens what is new in the folder. Throws where it cannot be read. */
  look(nowMs: number): void {
    this.#lookedMs = nowMs
    const held = new Map(this.generations.map((generation) => [generation.file, generation]))
    const newest = this.generations.at(-1)
    let walked: ReturnType<typeof walk>
    try {
      walked = walk(this.#path, (file) => held.has(file) || this.memory.isClosed(file))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      throw error
    }
    const opened = this.#open(walked.files)
    const there = new Set(walked.files.map(({ file }) => file))
    this.#unproven = this.#unproven.filter((generation) => generation !== newest && isGone(generation, there))
    if (newest && isGone(newest, there)) this.#unproven.push(newest)
    // A file that lies there under a name that the walk was too early for makes it worth another one.
    const whole = walked.whole && !this.#isShort(walked.files) && !this.#unproven.some(isLinked)
    if (this.#looks === 0) this.#missingMs = nowMs
    this.#looks = whole ? 0 : this.#looks + 1
    this.#whole = whole || (this.#looks > LOOKS && nowMs - this.#missingMs >= MISSING_MS)
    const found = new Map([...this.#folder, ...this.generations, ...opened].map((one) => [one.file, one]))
    this.#folder = walked.files.flatMap(({ file }) => found.get(file) ?? [])
    if (opened.length === 0) return
    if (newest) this.rotations += opened.filter(({ birthMs }) => birthMs > newest.birthMs).length
    this.#insert(opened, walked.files)
  }

  /** The files behind which others were deleted unseen, each told once; none while nobody can say yet. */
  prove(packs: boolean): Generation[] {
    const unproven = this.#unproven
    const after = this.generations.slice(this.generations.indexOf(unproven[0] as Generation) + 1)
    if (!this.#whole || [...after, ...this.#folder].some(({ head, source }) => !head && source)) return []
    this.#unproven = []
    return unproven.filter((generation, index) => this.#isMissedAfter(generation, unproven[index + 1], packs))
  }

  #isMissedAfter(deleted: Generation, next: Generation | undefined, packs: boolean): boolean {
    const { source } = deleted
    if (!source || source.packed || isLinked(deleted)) return false
    const after = this.generations.slice(this.generations.indexOf(deleted) + 1)
    return (
      missedFiles({
        deletedMs: source.facts().changedMs,
        folder: this.#folder.map(born),
        between: after.filter((generation) => !this.#folder.includes(generation)).map(born),
        packs,
        span: spanOf(deleted),
        next: next && spanOf(next)
      }) > 0
    )
  }

  /** A rotation that has deleted a file is still under way: what it renames and creates is yet to come. */
  #isShort(files: readonly unknown[]): boolean {
    return this.#unproven.length > 0 && files.length < this.#full
  }

  /** Without packed copies of files that are held or were read already. */
  #open(files: readonly Seen[]): Generation[] {
    const opened = files.flatMap(({ source }) => (source ? [new Generation(source, source.file)] : []))
    for (const generation of opened) generation.identify()
    // A file may have been met plain, packed, and met again, all in one walk.
    const held = [...this.generations, ...opened].filter(({ source }) => !source?.packed)
    return opened.filter((generation) => !this.#isCopy(generation, held))
  }

  #isCopy({ source, head }: Generation, held: readonly Generation[]): boolean {
    if (!source?.packed || !head) return false
    const { file, size } = source
    const { hash } = head
    const original = held.find((one) => one.head?.hash === hash && one.measure() % 2 ** 32 === size)
    if (!original && !this.memory.isCopy(hash, size)) return false
    if (original) original.copy = file
    this.memory.close(file, hash, size)
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
}

/** When a file was created, and for which record. */
export function born({ birthMs, head, source }: Generation): Born {
  return { birthMs, recordMs: head?.timeMs, packed: source?.packed ?? false }
}

function spanOf({ source, head }: Generation): Span | undefined {
  if (!source || source.packed || head?.timeMs === undefined) return undefined
  const lastMs = lastTime(source.readAt, source.facts().size)
  return lastMs === undefined ? undefined : { firstMs: head.timeMs, lastMs }
}

/** It does not lie in the folder any more, as it was or packed. */
function isGone({ source, file, copy }: Generation, there: ReadonlySet<string>): boolean {
  return source !== undefined && !there.has(file) && !(copy !== undefined && there.has(copy))
}

function isLinked({ source }: Generation): boolean {
  return source !== undefined && !source.packed && source.facts().links > 0
}
