/** Tells what became of deploys, under a lease: one of several hubs does it. Everything that it must know is in the state. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { onDuty } from '../../../collector/lease.ts'
import { Bell } from '../../bell.ts'
import type { DeployFeed } from '../begin.ts'
import { checkAddress } from './address.ts'
import { behindPlace, movePlace, type NewsOptions, noteAll } from './news.ts'
import type { KeptNotice, Notices } from './notices.ts'
import type { KeptMessage, MessageOutbox } from './outbox.ts'
import { post } from './post.ts'
import { letterOf, type Outcome, outcomeOf } from './products.ts'
import { isTold, USUAL_TEXT } from './text.ts'

export interface CourierOptions extends NewsOptions {
  deploys: DeployFeed
  notices: Notices
  outbox: MessageOutbox
  log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** Hosts that messages may go to, where there is a list. */
  hosts?: readonly string[]
  /** Milliseconds after which it looks by itself. */
  lookMs?: number
  freeAfterMs?: number
  timeoutMs?: number
}

const LOOK_MS = 10_000
/** Changes that come together are seen to together. */
const GATHER_MS = 100

/** Until the signal aborts. */
export async function keepTelling(options: CourierOptions, signal: AbortSignal): Promise<void> {
  const { state, log, freeAfterMs } = options
  const lease = { state, name: 'notices', log, ...(freeAfterMs === undefined ? {} : { freeAfterMs }) }
  await onDuty(lease, (_, ending) => tell(options, ending), signal)
}

async function tell(options: CourierOptions, signal: AbortSignal): Promise<void> {
  const { log, lookMs = LOOK_MS } = options
  const bell = new Bell()
  const listening = listen(options, bell, signal)
  const sending = new Map<string, Promise<void>>()
  let noted: ReadonlySet<string> = new Set()
  while (!signal.aborted) {
    try {
      const notices = await options.notices.list()
      const behind = await behindPlace(options)
      noted = await noteAll(options, { notices, deploys: behind.deploys, noted })
      await movePlace(options, behind)
      sendAll({ ...options, place: behind.place }, notices, sending, signal)
    } catch (err) {
      log.warn({ err }, 'what became of deploys could not be told, will try again')
    }
    await bell.wait(lookMs, signal)
    await sleep(GATHER_MS, undefined, { signal, ref: false }).catch(() => undefined)
  }
  await Promise.all([listening, ...sending.values()])
}

/** What is missed here is found behind the place. */
async function listen({ deploys, log }: CourierOptions, bell: Bell, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const { deploy } of deploys.changes(signal)) if (isTold(deploy.state)) bell.ring()
    } catch (err) {
      if (!signal.aborted) log.warn({ err }, 'deploys could not be followed, will try again')
    }
    await sleep(LOOK_MS, undefined, { signal, ref: false }).catch(() => undefined)
  }
}

interface SendOptions extends CourierOptions {
  /** Messages of deploys behind it are needed still: by them it is known what was told. */
  place: string
}

/** A receiver that hangs or is away keeps no other one waiting: each notice is sent by itself, and is not waited for. */
function sendAll(
  options: SendOptions,
  notices: readonly KeptNotice[],
  sending: Map<string, Promise<void>>,
  signal: AbortSignal
): void {
  for (const notice of notices) {
    const { name } = notice
    if (sending.has(name)) continue
    const done = sendDue(options, notice, signal)
      .catch((err) => options.log.warn({ err, notice: name }, 'messages could not be sent, will try again'))
      .finally(() => sending.delete(name))
    sending.set(name, done)
  }
}

async function sendDue(options: SendOptions, notice: KeptNotice, signal: AbortSignal): Promise<void> {
  const { outbox, nowMs, log, place } = options
  for (const message of await outbox.list(notice.name)) {
    if (signal.aborted) return
    const { nextMs } = message
    const isDue = nextMs !== undefined && nextMs <= nowMs()
    // Where it does not take one now, it would hardly take the next.
    if (isDue && (await send(options, notice, message, signal)) === 'retry') break
  }
  for (const { id } of await outbox.tidy(notice.name, place))
    log.error({ notice: notice.name, message: id }, 'a message was given up, too many wait')
}

async function send(
  options: CourierOptions,
  notice: KeptNotice,
  message: KeptMessage,
  signal: AbortSignal
): Promise<Outcome['kind'] | undefined> {
  const { outbox, log } = options
  if (!(await outbox.attempt(message))) return undefined
  const outcome = await outcomeOfSending(options, notice, message, signal)
  const end = await outbox.settle(message, outcome)
  const what = { notice: notice.name, message: message.id, tries: message.tries + 1 }
  if (outcome.kind === 'accepted') log.info(what, 'a message was sent')
  else if (end === 'given-up') log.error({ ...what, reason: outcome.reason }, 'a message was given up')
  else log.warn({ ...what, reason: outcome.reason }, 'a message was not taken, will try again')
  return outcome.kind
}

async function outcomeOfSending(
  { hosts, timeoutMs, nowMs }: CourierOptions,
  notice: KeptNotice,
  { id, facts, atMs }: KeptMessage,
  signal: AbortSignal
): Promise<Outcome> {
  try {
    checkAddress(notice.url, hosts)
    const letter = letterOf(notice, { id, facts, atMs, template: notice.text ?? USUAL_TEXT }, nowMs())
    const limits = { signal, ...(hosts ? { hosts } : {}), ...(timeoutMs === undefined ? {} : { timeoutMs }) }
    return outcomeOf(notice.kind, await post(letter, limits))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const kind = code === 'DRIFTLOG_NOTICE' ? 'refused' : 'retry'
    return { kind, reason: message }
  }
}
