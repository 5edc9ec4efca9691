/** One order in hand: what it is at, in the journal before it is done, and what is told of it. */
import type { Logger } from 'pino'
import type { ImageFound, Order, OrderEnd, Report, Step } from '../protocol-orders.ts'
import { pause } from '../ship/backoff.ts'
import type { OrderFailure } from './codes.ts'
import { type Entry, isOrderId, type Journal } from './journal.ts'

export interface WorkOptions {
  journal: Pick<Journal, 'write'>
  log: Logger
  /** There is something to tell. */
  told: () => void
  ended: (kind: OrderEnd['kind']) => void
  /** The agent ends: nothing more is written, the next one goes on. */
  signal: AbortSignal
}

/** What goes on within a step is told this seldom, and this often at most. */
const GOING_MS = 1000
const MOST_GOING = 40
/** The protocol's limit. */
const LONGEST_TEXT = 4096
const FULL_DISK_MS = 1000

export class Work {
  readonly entry: Entry
  /** It was in hand when the agent was started: what was begun may be under way in the engine. */
  readonly resumed: boolean
  /** The hub wants it undone, or the agent ends: whatever can wait no longer has to. */
  readonly interrupted: AbortSignal
  readonly #options: WorkOptions
  readonly #withdrawn = new AbortController()
  #going = 0
  #goingMs = 0
  /** The newest report that is on disk. */
  #saved: number

  constructor(entry: Entry, resumed: boolean, options: WorkOptions) {
    this.entry = entry
    this.resumed = resumed
    this.#options = options
    this.#saved = entry.seq
    this.interrupted = AbortSignal.any([this.#withdrawn.signal, options.signal])
    if (entry.withdrawn) this.#withdrawn.abort()
  }

  get order(): Order {
    return this.entry.order
  }

  /** Those that may be told: after any crash their numbers say the same. */
  get reports(): Report[] {
    return this.entry.reports.filter(({ seq }) => seq <= this.#saved)
  }

  get isWithdrawn(): boolean {
    return this.entry.withdrawn
  }

  get stopping(): AbortSignal {
    return this.#options.signal
  }

  get hasEnded(): boolean {
    return this.entry.at === 'ended'
  }

  /** Behind `switch` it is too late. */
  withdraw(): void {
    if (this.entry.withdrawn || this.hasEnded || this.entry.at === 'stop') return
    this.entry.withdrawn = true
    this.#tryToSave()
    this.#withdrawn.abort()
  }

  /** Writes down that the step begins; only then may it be done. */
  async begin(step: Step): Promise<void> {
    const again = this.entry.at === step
    this.entry.at = step
    this.#report(
      step,
      again ? 'going' : 'begun',
      again ? 'the agent was started anew, and goes on' : undefined
    )
    this.#going = 0
    await this.#save()
  }

  /** Goes into the journal with whatever is written next. */
  done(step: Step, text: string): void {
    this.#report(step, 'done', text)
  }

  found(image: ImageFound): void {
    this.entry.image = image
  }

  /** From here on the order is only ever finished. Written in one with the end of the check. */
  async switchOver(text: string): Promise<void> {
    this.done('check', text)
    this.#report('switch', 'begun')
    this.#report('switch', 'done', 'from here on the new instance is the one that counts')
    await this.begin('stop')
  }

  /** From here on the order is only ever undone. */
  async turnBack({ code, message }: OrderFailure): Promise<void> {
    const { at } = this.entry
    const step = at === 'taken' || at === 'undo' || at === 'ended' ? undefined : at
    this.#report(step, 'failed', message)
    this.entry.at = 'undo'
    this.entry.cause = { code, text: message }
    await this.#save()
  }

  /** For people who wait; the same text is told once, and not more than so many. */
  going(step: Step, text: string, nowMs = Date.now()): void {
    const last = this.entry.reports.at(-1)
    if (last?.state === 'going' && last.text === clip(text)) return
    if (nowMs - this.#goingMs < GOING_MS || this.#going >= MOST_GOING) return
    this.#goingMs = nowMs
    this.#going++
    this.#report(step, 'going', text)
    this.#tryToSave()
  }

  async end(end: OrderEnd, text?: string): Promise<void> {
    this.entry.at = 'ended'
    this.entry.end = end
    const { seq } = this.entry
    this.entry.reports.push({ ...this.#head(), state: 'ended', end, ...(text && { text: clip(text) }) })
    const { id: order, kind, deploy } = this.order
    const { kind: ended, code } = end
    this.#options.ended(ended)
    this.#options.log.info({ order, kind, deploy, ended, code, reports: seq + 1 }, 'an order has ended')
    await this.#save()
  }

  /**
   * The hub has these for good. They go from the journal with the next change: telling them again does no harm. The end
   * is told until the hub says that it has it.
   */
  reported(seq: number): void {
    this.entry.reports = this.entry.reports.filter((report) => report.seq > seq || report.state === 'ended')
  }

  #report(step: Step | undefined, state: Report['state'], text?: string): void {
    const about = { ...(step && { step }), ...(text !== undefined && { text: clip(text) }) }
    this.entry.reports.push({ ...this.#head(), ...about, state })
  }

  #head(): Pick<Report, 'order' | 'seq' | 'atMs'> {
    this.entry.seq++
    return { order: this.order.id, seq: this.entry.seq, atMs: Date.now() }
  }

  /** What is not on disk may not be done: a disk that is full is waited for. */
  async #save(): Promise<void> {
    while (!this.#tryToSave()) {
      await pause(FULL_DISK_MS, this.#options.signal)
      this.#options.signal.throwIfAborted()
    }
  }

  #tryToSave(): boolean {
    if (this.#options.signal.aborted) throw this.#options.signal.reason
    try {
      // Whoever asks for what has no name of a file is refused, and asked again after a restart.
      if (isOrderId(this.order.id)) this.#options.journal.write(this.entry)
      this.#saved = this.entry.seq
      this.#options.told()
      return true
    } catch (err) {
      this.#options.log.error({ err, order: this.order.id }, 'an order waits: its journal cannot be written')
      return false
    }
  }
}

function clip(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1)}…` : text
}
