/** What sets deploys off without a person, and what tells of their ends: put together. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Failures } from '../../collector/failures.ts'
import { onDuty } from '../../collector/lease.ts'
import type { StateStore } from '../../collector/store/state.ts'
import type { Beginner, DeployFeed } from './begin.ts'
import { keepTelling } from './messages/courier.ts'
import { Notices } from './messages/notices.ts'
import { MessageOutbox } from './messages/outbox.ts'
import { Deliveries } from './triggers/deliveries.ts'
import { Hooks } from './triggers/hooks.ts'
import { keepSchedules } from './triggers/schedules.ts'
import { SeenDeliveries } from './triggers/seen.ts'
import { Triggers } from './triggers/triggers.ts'
import { keepWaiting } from './triggers/waiting.ts'

export interface AutomaticOptions {
  state: StateStore
  deploys: Beginner & DeployFeed
  log: Pick<Logger, 'info' | 'warn' | 'error'>
  nowMs: () => number
  /** Address of the page, for links in messages. */
  hub?: URL
  /** Hosts that messages may go to, where there is a list. */
  noticeHosts?: readonly string[]
  /** Milliseconds in which the body of a hook must arrive. */
  hookBodyMs?: number
}

const TIDY_MS = 3_600_000

export class Automatic {
  readonly triggers: Triggers
  readonly deliveries: Deliveries
  readonly notices: Notices
  readonly outbox: MessageOutbox
  readonly #seen: SeenDeliveries
  readonly #options: AutomaticOptions

  private constructor(options: AutomaticOptions, triggers: Triggers) {
    const { state, nowMs, noticeHosts: hosts } = options
    this.#options = options
    this.triggers = triggers
    this.deliveries = new Deliveries(state)
    this.#seen = new SeenDeliveries(state)
    this.notices = new Notices({ state, nowMs, ...(hosts ? { hosts } : {}) })
    this.outbox = new MessageOutbox(state, nowMs)
  }

  static async open(options: AutomaticOptions): Promise<Automatic> {
    return new Automatic(options, await Triggers.open(options.state, options.nowMs))
  }

  hooks(failures: Failures): Hooks {
    const { state, deploys, log, nowMs, hookBodyMs: bodyMs } = this.#options
    const { triggers, deliveries } = this
    const parts = { state, triggers, deliveries, seen: this.#seen, deploys, failures, log, nowMs }
    return new Hooks({ ...parts, ...(bodyMs === undefined ? {} : { bodyMs }) })
  }

  /** For /metrics. */
  figures(): Record<string, number> {
    const { deployed, waiting, ignored, refused, failed, strangers } = this.deliveries.counts
    const { sent, failures, givenUp } = this.outbox.counts
    return {
      hook_events_deployed_total: deployed,
      hook_events_waiting_total: waiting,
      hook_events_ignored_total: ignored,
      hook_events_refused_total: refused,
      hook_events_failed_total: failed,
      hook_strangers_total: strangers,
      notice_messages_sent_total: sent,
      notice_attempts_failed_total: failures,
      notice_messages_given_up_total: givenUp
    }
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { state, deploys, log, nowMs, hub, noticeHosts: hosts } = this.#options
    const { triggers, deliveries, notices, outbox } = this
    const parts = { state, deploys, log, nowMs }
    await Promise.all([
      keepSchedules({ ...parts, triggers, deliveries }, signal),
      keepWaiting({ ...parts, triggers, deliveries }, signal),
      keepTelling(
        { ...parts, notices, outbox, ...(hub ? { hub } : {}), ...(hosts ? { hosts } : {}) },
        signal
      ),
      onDuty({ state, name: 'hook-memory', log }, (_, ending) => this.#tidy(ending), signal)
    ])
  }

  async #tidy(signal: AbortSignal): Promise<void> {
    const { log, nowMs } = this.#options
    while (!signal.aborted) {
      try {
        for (const { name } of await this.triggers.list()) {
          const forgotten = await this.#seen.tidy(name, nowMs())
          if (forgotten > 0)
            log.warn({ trigger: name, forgotten }, 'deliveries were forgotten early, they could come twice')
          await this.deliveries.tidy(name)
        }
      } catch (err) {
        log.warn({ err }, 'old deliveries could not be forgotten, will try again')
      }
      await sleep(TIDY_MS, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }
}
