/**
 * Messages on their way, one document each, named after the deploy and what became of it: what is put in twice is there once. It is
 * written down before it is sent, and that it was sent behind that, so that a hub that dies in between sends it once more.
 */
import type { StateStore } from '../../../collector/store/state.ts'
import type { Message, Outcome } from './products.ts'
import type { Facts } from './text.ts'

export interface KeptMessage {
  notice: string
  /** `<deploy>.<state>` */
  id: string
  facts: Facts
  /** When what it tells happened; it may be noticed later, where no hub ran. */
  atMs: number
  /** When it was put in. */
  addedMs: number
  /** So often it was tried. */
  tries: number
  /** When it is to be tried next; absent once it has ended. */
  nextMs?: number
  end?: 'sent' | 'given-up'
  endMs?: number
  lastError?: string
}

const PREFIX = 'message/'
const FIRST_PAUSE_MS = 5000
const LONGEST_PAUSE_MS = 600_000
const GIVE_UP_MS = 86_400_000
/** An attempt whose end nobody wrote down is made again. */
const ATTEMPT_MS = 30_000
/** Of one notice. */
const MOST_WAITING = 1000
const MOST_ENDED = 50
/** As long what has ended is remembered at least, so that it is not told again. */
const REMEMBERED_MS = 7 * 86_400_000

export class MessageOutbox {
  readonly #state: StateStore
  readonly #nowMs: () => number
  /** Since the start, on this hub. */
  readonly counts = { sent: 0, failures: 0, givenUp: 0 }

  constructor(state: StateStore, nowMs: () => number) {
    this.#state = state
    this.#nowMs = nowMs
  }

  /** True where it was not there before. */
  async add(notice: string, message: Pick<Message, 'id' | 'facts' | 'atMs'>): Promise<boolean> {
    let isNew = false
    await this.#state.update<KeptMessage>(keyOf(notice, message.id), (old) => {
      isNew = old === undefined
      const nowMs = this.#nowMs()
      return old ?? { ...message, notice, addedMs: nowMs, tries: 0, nextMs: nowMs }
    })
    return isNew
  }

  /** Oldest first. */
  async list(notice?: string): Promise<KeptMessage[]> {
    const rows = await this.#state.list<KeptMessage>(notice === undefined ? PREFIX : `${PREFIX}${notice}/`)
    return rows.map(({ value }) => value).sort((a, b) => a.atMs - b.atMs)
  }

  /** False where another hub tries it already. Until the attempt's end is written down it is due again a little later. */
  async attempt({ notice, id, tries }: KeptMessage): Promise<boolean> {
    let isMine = false
    const pauseMs = Math.max(ATTEMPT_MS, pauseAfter(tries))
    await this.#state.update<KeptMessage>(keyOf(notice, id), (old) => {
      isMine = old?.tries === tries && old.end === undefined
      return old && isMine ? { ...old, tries: tries + 1, nextMs: this.#nowMs() + pauseMs } : old
    })
    return isMine
  }

  /** Undefined where it waits to be tried again. */
  async settle(message: KeptMessage, outcome: Outcome): Promise<'sent' | 'given-up' | undefined> {
    const nowMs = this.#nowMs()
    const end = endOf(outcome, nowMs - message.addedMs)
    const error = outcome.kind === 'accepted' ? {} : { lastError: outcome.reason }
    await this.#state.update<KeptMessage>(keyOf(message.notice, message.id), (old) => {
      if (!old || old.end) return old
      const { nextMs: _, ...kept } = old
      return end === undefined
        ? { ...kept, ...error, nextMs: nowMs + pauseAfter(old.tries - 1) }
        : { ...kept, ...error, end, endMs: nowMs }
    })
    if (outcome.kind !== 'accepted') this.counts.failures++
    if (end === 'sent') this.counts.sent++
    if (end === 'given-up') this.counts.givenUp++
    return end
  }

  /**
   * Forgets what has ended long ago, but for what is of deploys behind `place`, and gives up the oldest of what is too
   * much. Returns what it gave up.
   */
  async tidy(notice: string, place: string): Promise<KeptMessage[]> {
    const messages = await this.list(notice)
    const ended = messages.filter(({ end }) => end !== undefined).slice(0, -MOST_ENDED)
    for (const { id, facts, endMs = 0 } of ended) {
      const isNeeded = facts.deploy !== undefined && facts.deploy > place
      if (endMs < this.#nowMs() - REMEMBERED_MS && !isNeeded) await this.#state.delete(keyOf(notice, id))
    }
    const tooMany = messages.filter(({ end }) => end === undefined).slice(0, -MOST_WAITING)
    for (const message of tooMany)
      await this.settle(message, { kind: 'refused', reason: `more than ${MOST_WAITING} messages wait` })
    return tooMany
  }
}

function endOf(outcome: Outcome, waitedMs: number): 'sent' | 'given-up' | undefined {
  if (outcome.kind === 'accepted') return 'sent'
  return outcome.kind === 'refused' || waitedMs >= GIVE_UP_MS ? 'given-up' : undefined
}

function pauseAfter(tries: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** Math.max(0, tries), LONGEST_PAUSE_MS)
}

function keyOf(notice: string, id: string): string {
  return `${PREFIX}${notice}/${id}`
}
