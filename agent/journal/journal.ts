/**
 * The host's journal: read through one `journalctl` that follows it, and written to a spool per unit. Where it ended is
 * known by the cursor of an entry; what comes again after a crash is known by the ends of the spools.
 */
import { spawn } from 'node:child_process'
import type { Logger } from 'pino'
import type { Instance } from '../facts.ts'
import type { LogStream } from '../files/log-stream.ts'
import { delays, pause } from '../ship/backoff.ts'
import type { Desk, Source, SourceKind } from '../sources/source.ts'
import { piecesOf, roomFor, writeRecord } from '../spool/record.ts'
import type { Spool } from '../spool/spool.ts'
import type { Spools } from '../spool/spools.ts'
import { type CursorState, readCursor, writeCursor } from './cursor.ts'
import { type Entry, entryOf, FIELDS } from './entry.ts'
import { containerOf, unitFacts, unitMatcher } from './unit.ts'

export interface JournalOptions {
  /** Which units are read; undefined: none. */
  units: string | undefined
  /** Where the journal's files lie, if elsewhere than the host's own. */
  dir: string | undefined
  environment: string
  /** The file of the cursor. */
  path: string
  spools: Spools
  log: Logger
  /** An instance that is there as long as the agent is. */
  stand: (instance: Instance) => void
}

const SAVE_MS = 1000
const BACKOFF = { minMs: 500, maxMs: 30_000 }
const NEWLINE = 10
/** A line that is longer is passed over. */
const LONGEST_LINE = 16 * 1024 * 1024
const ERROR_BYTES = 2000

export class Journal {
  readonly #options: JournalOptions
  readonly #wants: (unit: string) => boolean
  readonly #units = new Map<string, UnitLog>()
  readonly #before: CursorState | undefined
  #cursor: string | undefined
  #saved: string | undefined

  constructor(options: JournalOptions) {
    this.#options = options
    this.#wants = unitMatcher(options.units ?? '')
    this.#before = readCursor(options.path)
    this.#cursor = this.#before?.cursor
    this.#saved = this.#cursor
  }

  /** What reads a unit's spool. */
  readonly source: SourceKind = (instance, desk) => {
    if (instance.facts.logSource !== 'journal') return undefined
    const { container } = instance.facts
    try {
      const unit = new UnitLog(instance, desk, this.#options.spools, this.#before)
      this.#units.set(container, unit)
      return unit
    } catch (error) {
      desk.trouble(`its spool cannot be used: ${(error as Error).message}`)
      return undefined
    }
  }

  /** Ends when the signal is aborted. What earlier runs left is delivered also where nothing is read any more. */
  async run(signal: AbortSignal): Promise<void> {
    const { spools, units, log, stand } = this.#options
    for (const facts of spools.left()) {
      if (facts.logSource === 'journal') stand({ facts, log: undefined })
    }
    if (units === undefined) return
    const saving = this.#saveOften(signal)
    let waits = delays(BACKOFF)
    let told = ''
    while (!signal.aborted) {
      const from = this.#cursor
      const { full, reason } = await this.#read(signal)
      if (signal.aborted) break
      if (full !== undefined) {
        await spools.room(full, signal)
        continue
      }
      if (this.#cursor !== from) waits = delays(BACKOFF)
      const retryInMs = Math.round(waits.next().value)
      if (reason !== told) log.warn({ reason, retryInMs }, 'the journal cannot be read on, will try again')
      told = reason
      await pause(retryInMs, signal)
    }
    await saving
  }

  /** One run of journalctl. `full`: the instance whose spool had no room. */
  async #read(signal: AbortSignal): Promise<{ full?: string; reason: string }> {
    const { dir } = this.#options
    const from = this.#cursor
    const args = [
      '--output=json',
      '--all',
      '--quiet',
      '--follow',
      '--no-tail',
      `--output-fields=${FIELDS.join(',')}`
    ]
    if (dir !== undefined) args.push(`--directory=${dir}`)
    if (from !== undefined) args.push(`--cursor=${from}`)
    const child = spawn('journalctl', args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let words = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-ERROR_BYTES)
    })
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(missingOf(error)))
      child.once('close', (code) => resolve(words.trim() || `journalctl ended with ${code}`))
    })
    const stop = () => child.kill()
    signal.addEventListener('abort', stop, { once: true })
    // Asked for from its last entry on, the journal answers with that one first, unless it has forgotten it.
    let expected = from
    try {
      for await (const line of linesOf(child.stdout, () =>
        this.#options.log.error('an entry of the journal is too long, it is lost')
      )) {
        const entry = entryOf(line)
        if (!entry) continue
        const first = expected
        expected = undefined
        if (first !== undefined && entry.cursor === first) continue
        if (first !== undefined) for (const unit of this.#units.values()) unit.lost()
        const full = this.#take(entry)
        if (full !== undefined) return { full, reason: '' }
      }
      return { reason: await ended }
    } finally {
      signal.removeEventListener('abort', stop)
      child.kill()
    }
  }

  /** The instance whose spool had no room for the entry. */
  #take(entry: Entry): string | undefined {
    const { unit, cursor } = entry
    // Lines of containers come by way of the engine, which knows to whom they belong.
    if (!entry.ofContainer && this.#wants(unit)) {
      const container = containerOf(unit)
      if (!this.#units.has(container)) {
        this.#options.stand({ facts: unitFacts(unit, this.#options.environment), log: undefined })
      }
      if (this.#units.get(container)?.write(entry) === false) return container
    }
    this.#cursor = cursor
    return undefined
  }

  async #saveOften(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(SAVE_MS, signal)
      await this.#save().catch((err: Error) => {
        this.#options.log.warn({ err }, 'the cursor of the journal cannot be kept, will try again')
      })
    }
  }

  async #save(): Promise<void> {
    const cursor = this.#cursor
    if (cursor === undefined || cursor === this.#saved) return
    const units = [...this.#units]
    const ends = Object.fromEntries(units.map(([container, { spool }]) => [container, spool.mark]))
    const places = units.map(([, { spool }]) => spool.end)
    await Promise.all(units.map(([, { spool }]) => spool.synced()))
    writeCursor(this.#options.path, { cursor, ends })
    this.#saved = cursor
    for (const [index, [, { spool }]] of units.entries()) spool.needed = places[index] ?? 0
  }
}

/** The spool of one unit. */
class UnitLog implements Source {
  readonly spool: Spool
  readonly done = false
  readonly #container: string
  readonly #spools: Spools
  readonly #desk: Desk
  readonly #stream: LogStream
  /** Records behind the cursor, which come again. */
  #again: Map<string, number>

  constructor({ facts }: Instance, desk: Desk, spools: Spools, before: CursorState | undefined) {
    const { container } = facts
    const { spool, stream } = spools.open(facts, (path) => desk.follow({ stream: 'docker', path }))
    this.spool = spool
    this.#container = container
    this.#spools = spools
    this.#desk = desk
    this.#stream = stream
    this.#again = new Map()
    spool.needed = spool.placeOf(before?.ends[container])
    for (const { line } of spool.lines(spool.needed)) {
      const text = line.toString('latin1')
      this.#again.set(text, (this.#again.get(text) ?? 0) + 1)
    }
  }

  /** False where there was no room. */
  write({ time, text, priority }: Entry): boolean {
    const line = text.length > 0 && text.at(-1) === NEWLINE ? text : Buffer.concat([text, Buffer.from('\n')])
    const attrs = priority === undefined ? {} : { attrs: `{"PRIORITY":"${priority}"}` }
    const pieces = [...piecesOf(line)].map((piece) => ({
      output: 'stdout' as const,
      time,
      text: piece,
      ...attrs
    }))
    const room = pieces.reduce((sum, piece) => sum + roomFor(piece), 0)
    const records = Buffer.allocUnsafe(room)
    let end = 0
    for (const piece of pieces) {
      const next = writeRecord(records, end, piece)
      if (!this.#isKnown(records.toString('latin1', end, next))) end = next
    }
    return end === 0 || this.#spools.append(this.#container, records.subarray(0, end), '')
  }

  lost(): void {
    const { stream } = this.#stream
    this.#desk.lost({ container: this.#container, stream, atMs: Date.now(), cause: 'source-gap' })
  }

  update(): void {}

  remove(): void {}

  close(): void {
    this.#spools.close(this.#container, false)
  }

  /** They come in the order in which they came before: the first that does not is new, and all behind it. */
  #isKnown(record: string): boolean {
    if (this.#again.size === 0) return false
    const count = this.#again.get(record) ?? 0
    if (count === 0) this.#again.clear()
    else if (count === 1) this.#again.delete(record)
    else this.#again.set(record, count - 1)
    return count > 0
  }
}

async function* linesOf(from: AsyncIterable<Buffer>, tooLong: () => void): AsyncGenerator<Buffer> {
  let rest: Buffer[] = []
  let restBytes = 0
  for await (const chunk of from) {
    let start = 0
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start)
      if (end < 0) break
      rest.push(chunk.subarray(start, end))
      if (restBytes <= LONGEST_LINE) yield rest.length === 1 ? (rest[0] as Buffer) : Buffer.concat(rest)
      rest = []
      restBytes = 0
      start = end + 1
    }
    const left = chunk.subarray(start)
    const before = restBytes
    restBytes += left.length
    if (restBytes <= LONGEST_LINE) rest.push(left)
    else if (before <= LONGEST_LINE) {
      rest = []
      tooLong()
    }
  }
}

function missingOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  if (code !== 'ENOENT') return `journalctl cannot be started: ${error.message}`
  return 'there is no journalctl here: install systemd, or take an image for the agent that has it'
}
