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
  /** The file behind which others were missed, once prove() has said so. */
  missedAfter: Generation | undefined
  readonly memory = new Memory()
  readonly #path: string
  /** What lay in the folder at the last look into it, oldest first. */
  #folder: Generation[] = []
  /** The newest file before a rotation that deleted it, until it is known whether others were missed after it. */
  #unproven: Generation | undefined
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
    return this.#unproven === undefined
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
    if (this.#unproven && !isGone(this.#unproven, there)) this.#unproven = undefined
    if (newest && isGone(newest, there)) this.#unproven ??= newest
    // A file that lies there under a name that the walk was too early for makes it worth another one.
    const whole = walked.whole && !(this.#unproven && isLinked(this.#unproven))
    if (this.#looks === 0) this.#missingMs = nowMs
    this.#looks = whole ? 0 : this.#looks + 1
    this.#whole = whole || (this.#looks > LOOKS && nowMs - this.#missingMs >= MISSING_MS)
    const found = new Map([...this.#folder, ...this.generations, ...opened].map((one) => [one.file, one]))
    this.#folder = walked.files.flatMap(({ file }) => found.get(file) ?? [])
    if (opened.length === 0) return
    if (newest) this.rotations += opened.filter(({ birthMs }) => birthMs > newest.birthMs).length
    this.#insert(opened, walked.files)
  }

  /** Whether files were deleted unseen after one that is gone from the folder; `later`: nobody can say yet. */
  prove(packs: boolean): 'complete' | 'missed' | 'later' {
    const deleted = this.#unproven
    if (!deleted) return 'complete'
    const after = this.generations.slice(this.generations.indexOf(deleted) + 1)
    const between = after.filter((generation) => !this.#folder.includes(generation))
    const nameless = [...between, ...this.#folder].some(({ head, source }) => !head && source)
    if (!this.#whole || nameless) return 'later'
    this.#unproven = undefined
    const { source } = deleted
    if (!source || source.packed || isLinked(deleted)) return 'complete'
    const deletedMs = source.facts().changedMs
    const folder = this.#folder.map(born)
    const span = spanOf(deleted)
    if (missedFiles({ deletedMs, folder, between: between.map(born), packs, span }) === 0) return 'complete'
    this.missedAfter = deleted
    return 'missed'
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
