/**
 * The text logs of one container: which found file belongs to which log, which is another name or a copy of one that
 * is known, and which the hub knows from an earlier life of this agent.
 */
import type { Loss, Position } from '../protocol.ts'
import { Copies } from './copies.ts'
import type { Pool } from './log.ts'
import { fileOf, match, type OnDisk } from './match.ts'
import { agrees, proofIn } from './proof.ts'
import { filesOf, type KnownFile } from './section.ts'
import type { Source } from './source.ts'
import { TextFile } from './text-file.ts'
import { TextLog } from './text-log.ts'

/** A file as it lies there. */
export interface Lying {
  /** As the writer sees it. */
  path: string
  /** Its own name in its folder, links followed. */
  name: string
  /** `dev:inode:birth` */
  file: string
  size: number
  writtenMs: number
  changedMs: number
  /** A pattern means it by this very name. */
  meant: boolean
  linked: boolean
  /** Paths of the logs that it may be a rotated file of; the likeliest first. */
  rotatedFrom: readonly string[]
}

export interface TextPoolOptions<L extends Lying> {
  container: string
  /** What lies there now. */
  look: () => readonly L[]
  /** The last look showed this path's folder as the container has left it: whatever does not lie there never will. */
  showsEnd: (path: string) => boolean
  /** Undefined where it is not there any more. */
  open: (lying: L) => Source | undefined
  /** There is a log to be read, or not any more. */
  add: (log: TextLog) => void
  drop: (log: TextLog) => void
  /** It has grown. */
  wake: (log: TextLog) => void
  lost: (loss: Loss) => void
  nowMs?: () => number
}

/** What the hub takes of one container. */
const MAX_LOGS = 1000
/** A log was written to within this time: its folder may change any moment. */
const HOT_MS = 2000
/** A file that nobody has changed for so long is not just being copied or packed. */
const STABLE_MS = 1000
const KIND = 'file:'

export class TextPool<L extends Lying> implements Pool {
  readonly container: string
  placed = false
  readonly #options: TextPoolOptions<L>
  readonly #nowMs: () => number
  readonly #logs = new Map<string, TextLog>()
  /** Names of all logs that the hub knows or will know. */
  readonly #names = new Set<string>()
  readonly #copies = new Copies()
  /** What the hub knows and no file was found for: a file that is just being packed may turn out to be it. */
  #unmatched: KnownFile[] = []
  /** Those that the hub waits for. */
  #missing: KnownFile[] = []
  /** Where files lay, and whose they would be, that may be copies. */
  readonly #suspected = new Map<string, { log: TextLog; lying: L }>()
  #resting = false
  #removed = false
  /** Files that had to be left out, since there are too many logs. */
  leftOut = 0

  constructor(options: TextPoolOptions<L>) {
    this.#options = options
    this.container = options.container
    this.#nowMs = options.nowMs ?? Date.now
  }

  get waiting(): boolean {
    return [...this.#logs.values()].some(({ generations }) => generations.length > 0)
  }

  /** Nothing of the container is held any more. */
  get done(): boolean {
    return this.#removed && !this.waiting
  }

  isHot(): boolean {
    const nowMs = this.#nowMs()
    return [...this.#logs.values()].some(({ grewMs }) => nowMs - grewMs < HOT_MS)
  }

  /** Looks what is new, has grown, or has another name now. */
  update(): void {
    if (!this.#removed) this.#sort(this.#options.look())
  }

  /** Whether the container runs: while it does not, an unfinished line is all there will be of it. */
  rest(resting: boolean): void {
    this.#resting = resting
    for (const log of this.#logs.values()) {
      if (log.resting !== resting) this.#options.wake(log)
      log.resting = resting
      if (!resting) log.vacant = false
    }
  }

  /** `endedMs`: when its container had ended, where that is known. */
  remove(endedMs: number | undefined): void {
    this.#judgeGone(new Set())
    this.#removed = true
    this.#copies.close()
    for (const log of this.#logs.values()) log.remove(endedMs)
  }

  place(positions: readonly Position[]): void {
    const known = knownFiles(positions.filter(({ stream }) => stream.startsWith(KIND)))
    this.placed = false
    this.#copies.forget()
    for (const { stream } of known) this.#names.add(stream)
    for (const log of this.#logs.values()) {
      log.placed = false
      log.use(known.filter(({ stream }) => stream === log.stream).map(({ generation }) => generation))
    }
    if (!this.#removed) this.#sort(this.#options.look())
    const held = this.#held()
    const left = known.filter(({ stream, generation }) => {
      return !this.#logs.get(stream)?.generations.some(({ id }) => id === generation)
    })
    // Also those without a first line: one that was truncated says that another file may be its copy.
    for (const { file } of held.values()) file.identify()
    const nameless = [...held.values()].filter(({ file }) => file.id === undefined)
    const onDisks = nameless.map(({ file, log }) => onDisk(file, log))
    const { positions: matched, missing } = match(onDisks, left)
    for (const [index, { file, log }] of nameless.entries()) {
      const position = matched[index]
      if (position) this.#belongs(file, log, position)
    }
    const taken = new Set(matched)
    this.#unmatched = left.filter((position) => !taken.has(position))
    this.#missing = [...missing]
    this.#tellMissing()
    for (const log of this.#logs.values()) log.place(positions.filter(({ stream }) => stream === log.stream))
    this.placed = true
  }

  close(): void {
    this.#copies.close()
  }

  #sort(lying: readonly L[]): void {
    const held = this.#held()
    const paths = new Set(lying.map(({ path }) => path))
    const live = new Set(
      lying.filter(({ meant, rotatedFrom }) => meant && rotatedFrom.length === 0).map(pathOf)
    )
    // A link names a file only where nothing else does, and a log's older files come before it.
    const inOrder = [...lying].sort(
      (a, b) => Number(a.linked) - Number(b.linked) || a.writtenMs - b.writtenMs || (a.path < b.path ? -1 : 1)
    )
    this.leftOut = 0
    this.#judgeGone(new Set(lying.map(({ file }) => file)))
    for (const one of inOrder) {
      const known = held.get(one.file)
      // While a file is being packed, the plain one is there and counts.
      const unfinished = one.path.endsWith('.gz') && paths.has(one.path.slice(0, -'.gz'.length))
      if (known) this.#again(known, one)
      else if (!unfinished && !this.#copies.isKnown(one)) this.#found(one, this.#baseOf(one, live))
    }
    for (const log of this.#logs.values())
      if (this.#options.showsEnd(log.path)) log.vacant = !paths.has(log.path)
    if (this.placed) this.#tellMissing()
  }

  #found(one: L, base: string): void {
    const log = this.#logAt(`${KIND}${base}`, base)
    if (!log) {
      this.leftOut++
      return
    }
    const nowMs = this.#nowMs()
    const source = this.#copies.suspect(one.file, () => this.#options.open(one))
    if (!source) return
    const grown = this.#copies.grown(one, source)
    if (grown) {
      const of = this.#logAt(grown.stream, grown.stream.slice(KIND.length))
      this.#copies.release(one.file)
      this.#take(TextFile.reopened(source, grown, nowMs), of ?? log, one)
    } else if (base === one.path) {
      this.#copies.release(one.file)
      const file = TextFile.open(source, true, nowMs)
      file.name = one.name
      this.#take(file, log, one)
    } else {
      // Another name for contents that are known, perhaps. Before the hub has said what it knows, it is held like any;
      // but a packed file says what it is only when it is finished.
      const stableMs = this.placed || source.packed ? STABLE_MS : 0
      const judging = { stream: log.stream, held: log.generations, nowMs, stableMs }
      const file = this.#copies.judge(one.file, one.changedMs, judging)
      this.#suspected.delete(one.file)
      if (file) this.#take(file, log, one)
      else if (this.#copies.isSuspect(one.file)) {
        this.#suspected.set(one.file, { log, lying: one })
        // Its log may be about to see that a file was truncated.
        this.#options.wake(log)
      }
    }
  }

  /** What nobody could say of a file while it lay there must be said when it does not any more. */
  #judgeGone(lying: ReadonlySet<string>): void {
    for (const file of this.#copies.gone(lying)) {
      const { log, lying: last } = this.#suspected.get(file) ?? {}
      if (!log || !last) {
        this.#copies.drop(file)
        continue
      }
      const judging = { stream: log.stream, held: log.generations, nowMs: this.#nowMs(), stableMs: 0 }
      const taken = this.#copies.judge(file, undefined, judging)
      if (taken) this.#take(taken, log, last)
    }
    for (const file of this.#suspected.keys()) if (!lying.has(file)) this.#suspected.delete(file)
  }

  /** A file that is held has grown, or has another name. */
  #again({ file, log }: Held, { path, linked, size, writtenMs }: L): void {
    file.writtenMs = writtenMs
    if (path !== log.path && !linked) file.live = false
    if (size !== file.size) this.#options.wake(log)
  }

  #take(file: TextFile, log: TextLog, { writtenMs, changedMs }: L): void {
    file.writtenMs = writtenMs
    file.changedMs = changedMs
    file.identify()
    log.take(file)
    if (log.placed && file.head && file.id === undefined) this.#recognize(file, log)
    this.#options.wake(log)
  }

  /** A file that could not be looked at when the hub was asked may be one that it knows. */
  #recognize(file: TextFile, log: TextLog): void {
    const [position] = match([onDisk(file, log)], this.#unmatched).positions
    if (!position) {
      log.begin(file)
      return
    }
    this.#unmatched = this.#unmatched.filter((other) => other !== position)
    this.#missing = this.#missing.filter((other) => other !== position)
    this.#belongs(file, log, position)
    log.settle()
  }

  /** Not as long as there are files of the same log of which nobody can say yet what they are. */
  #tellMissing(): void {
    if (this.#missing.length === 0) return
    const open = new Set([...this.#suspected.values()].map(({ log }) => log.stream))
    const held = this.#held()
    const due = this.#missing.filter(({ stream }) => !open.has(stream))
    this.#missing = this.#missing.filter(({ stream }) => open.has(stream))
    for (const position of due) this.#miss(position, held)
  }

  /** The path of the log that a file belongs to by its name. */
  #baseOf({ path, meant, rotatedFrom }: L, live: ReadonlySet<string>): string {
    const base = rotatedFrom.find((one) => live.has(one) || this.#logs.has(`${KIND}${one}`))
    return base ?? (meant ? path : (rotatedFrom[0] ?? path))
  }

  #logAt(stream: string, path: string): TextLog | undefined {
    const known = this.#logs.get(stream)
    if (known && !known.done) return known
    if (!this.#names.has(stream) && this.#names.size >= MAX_LOGS) return undefined
    this.#names.add(stream)
    const log = new TextLog({
      ...{ container: this.container, stream, path, pool: this },
      lost: this.#options.lost,
      copyOf: (file) => this.#copyOf(file, log),
      delivered: (file) => this.#copies.delivered(file, stream)
    })
    log.resting = this.#resting
    log.placed = this.placed
    this.#logs.set(stream, log)
    this.#options.add(log)
    return log
  }

  /** A file that the hub knows, perhaps as another log's. */
  #belongs(file: TextFile, log: TextLog, { stream, sections }: KnownFile): void {
    file.follow(sections)
    if (stream === log.stream) return
    const other = this.#logAt(stream, stream.slice(KIND.length))
    if (!other) return
    log.give(file)
    file.live = false
    file.name = undefined
    other.take(file)
    if (log.generations.length > 0) return
    this.#logs.delete(log.stream)
    this.#options.drop(log)
  }

  #miss(position: KnownFile, held: ReadonlyMap<string, Held>): void {
    const { stream } = position
    const told = fileOf(position.file) ?? ''
    const cause = held.has(told) ? 'truncated' : 'rotated-unread'
    this.#logAt(stream, stream.slice(KIND.length))?.miss(TextFile.missed(position, cause, this.#nowMs()))
  }

  /** What `copytruncate` has made of a file, under another name beside it. */
  #copyOf(file: TextFile, log: TextLog): Source | undefined {
    if (this.#removed) return undefined
    const held = this.#held()
    for (const one of this.#options.look()) {
      if (held.has(one.file) || !one.rotatedFrom.includes(log.path)) continue
      const wasSuspect = this.#copies.isSuspect(one.file)
      this.#copies.suspect(one.file, () => this.#options.open(one))
      const copy = this.#copies.takeCopy(one.file, file)
      if (copy) return copy
      if (!wasSuspect) this.#copies.drop(one.file)
    }
    return undefined
  }

  #held(): Map<string, Held> {
    const held = new Map<string, Held>()
    for (const log of this.#logs.values())
      for (const file of log.generations) if (file.source) held.set(file.file, { file, log })
    return held
  }
}

interface Held {
  file: TextFile
  log: TextLog
}

function pathOf({ path }: Lying): string {
  return path
}

function onDisk(file: TextFile, { stream }: TextLog): OnDisk {
  const { source } = file
  return {
    file: file.file,
    hash: file.head?.hash ?? '',
    size: file.size,
    packed: source?.packed ?? false,
    stream,
    agrees: (told) => !source || agrees(source.readAt, proofIn(told))
  }
}

/** Two logs may have files that begin alike, so each is looked at by itself. */
function knownFiles(positions: readonly Position[]): KnownFile[] {
  const byStream = new Map<string, Position[]>()
  for (const position of positions) {
    const some = byStream.get(position.stream)
    if (some) some.push(position)
    else byStream.set(position.stream, [position])
  }
  return [...byStream.values()].flatMap(filesOf)
}
