/** The spools of this host, one folder per instance, and the bound on all of them. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LogStream } from '../files/log-stream.ts'
import type { InstanceFacts } from '../protocol.ts'
import { FILE_BYTES, Spool } from './spool.ts'

export interface SpoolsOptions {
  folder: string
  /** Bytes of all spools together on the disk; reading of their sources pauses there. */
  maxBytes: number
  /** Reading pauses, because of the bound or what the disk says; undefined: it goes on. */
  paused: (reason: string | undefined) => void
}

interface Opened {
  spool: Spool
  stream: LogStream
}

/** A stream sees only now and then what was appended: what it may not have seen yet is counted here. */
interface Kept extends Opened {
  /** What the stream said last that it has not sent. */
  unsentBytes: number
  /** Appended beyond the bound since it said so. */
  beyondBytes: number
}

const TICK_MS = 1000
/** Whose log the folder holds: needed where the container is gone before all is delivered. */
const FACTS = 'instance.json'
/** A stream of which hardly anything waits may always be written to: otherwise nothing would push out its old file. */
const ALWAYS_BYTES = 64 * 1024
/** Where space is short, files are ended early so that what the hub has can be deleted. */
const SHORT_FILE_BYTES = 256 * 1024

export class Spools {
  readonly #options: SpoolsOptions
  readonly #kept = new Map<string, Kept>()
  readonly #facts = new Map<string, string>()
  readonly #timer: NodeJS.Timeout
  #waiting: (() => void)[] = []
  #pauses = 0
  /** Why the disk took nothing when it was last written to. */
  #refused: string | undefined

  constructor(options: SpoolsOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    this.#timer.unref()
  }

  /** There is a spool of this instance: its log is read by way of it, for as long as it lives. */
  has(container: string): boolean {
    return this.#kept.has(container) || existsSync(this.#folderOf(container))
  }

  /** `follow` makes the stream that reads it. */
  open(facts: InstanceFacts, follow: (path: string) => LogStream): Opened {
    mkdirSync(this.#options.folder, { recursive: true, mode: 0o700 })
    const spool = new Spool(this.#folderOf(facts.container))
    this.tell(facts)
    const stream = follow(spool.path)
    stream.rotation = { capacityBytes: Number.POSITIVE_INFINITY, fileBytes: 0, files: 1, packs: false }
    const kept = { spool, stream, unsentBytes: 0, beyondBytes: 0 }
    this.#kept.set(facts.container, kept)
    return kept
  }

  /** Keeps what is known of the instance. */
  tell(facts: InstanceFacts): void {
    const text = JSON.stringify(facts)
    if (this.#facts.get(facts.container) === text) return
    this.#facts.set(facts.container, text)
    const path = join(this.#folderOf(facts.container), FACTS)
    try {
      writeFileSync(`${path}.new`, text, { mode: 0o600 })
      renameSync(`${path}.new`, path)
    } catch {
      // A full disk: what was kept before is good enough.
    }
  }

  /** The agent ends, or everything is delivered and the instance gone. */
  close(container: string, delivered: boolean): void {
    const spool = this.#kept.get(container)?.spool
    this.#kept.delete(container)
    this.#facts.delete(container)
    if (delivered) spool?.destroy()
    else spool?.close()
  }

  /** Instances of which something is left here from earlier runs. */
  left(): InstanceFacts[] {
    if (!existsSync(this.#options.folder)) return []
    return readdirSync(this.#options.folder)
      .map((name) => decodeURIComponent(name))
      .filter((container) => !this.#kept.has(container))
      .flatMap((container) => this.#factsOf(container) ?? [])
  }

  get bytes(): number {
    let sum = 0
    for (const { spool } of this.#kept.values()) sum += spool.bytes
    return sum
  }

  /** Whole records. False where there is no room for them: they are to be asked for again later. */
  append(container: string, bytes: Buffer, state: string): boolean {
    const kept = this.#kept.get(container)
    if (!kept || !this.#mayGrow(kept)) return false
    try {
      const isFull = this.#isFull
      kept.spool.append(bytes, state, isFull ? SHORT_FILE_BYTES : FILE_BYTES)
      if (isFull) kept.beyondBytes += bytes.length
      return true
    } catch (error) {
      this.#refused = (error as Error).message
      return false
    }
  }

  /** Resolves once the instance's spool may grow (again), or the signal is aborted. */
  async room(container: string, signal: AbortSignal): Promise<void> {
    const kept = this.#kept.get(container)
    if (!kept || this.#mayGrow(kept)) return
    const { maxBytes, paused } = this.#options
    if (this.#pauses++ === 0) paused(this.#refused ?? `${maxBytes} bytes wait for the hub`)
    while (!signal.aborted && !this.#mayGrow(kept)) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
    if (--this.#pauses === 0) paused(undefined)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    for (const { spool } of this.#kept.values()) spool.close()
    this.#kept.clear()
  }

  get #isFull(): boolean {
    return this.bytes >= this.#options.maxBytes
  }

  #mayGrow(kept: Kept): boolean {
    const { unsentBytes } = kept.stream
    if (unsentBytes !== kept.unsentBytes) {
      kept.unsentBytes = unsentBytes
      kept.beyondBytes = 0
    }
    return this.#refused === undefined && (!this.#isFull || unsentBytes + kept.beyondBytes < ALWAYS_BYTES)
  }

  #tick(): void {
    for (const kept of this.#kept.values()) {
      const { spool, stream } = kept
      kept.beyondBytes = 0
      spool.sync()
      if (spool.trimmable) spool.trim((file) => stream.hasDelivered(file))
    }
    // Whether the disk has room is found out by writing.
    this.#refused = undefined
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  #factsOf(container: string): InstanceFacts | undefined {
    try {
      const text = readFileSync(join(this.#folderOf(container), FACTS), 'utf8')
      const facts = JSON.parse(text) as InstanceFacts
      return facts.container === container ? facts : undefined
    } catch {
      return undefined
    }
  }

  #folderOf(container: string): string {
    return join(this.#options.folder, encodeURIComponent(container))
  }
}
