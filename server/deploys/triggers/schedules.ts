/**
 * Triggers that the clock fires, under a lease: one of several hubs does it, and each beat is claimed in the state, so that no two
 * fire it even while the lease changes hands. What is late by less than a minute is still done, by whoever takes over; beats that
 * passed before, while no hub ran, are told and not made up.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createTask, type ScheduledTask } from 'node-cron'
import type { Logger } from 'pino'
import { onDuty } from '../../../collector/lease.ts'
import type { StateStore } from '../../../collector/store/state.ts'
import type { Beginner } from '../begin.ts'
import { nextBeat } from './beat.ts'
import type { Deliveries } from './deliveries.ts'
import { orderOf } from './order.ts'
import { decisionOf } from './rules.ts'
import type { KeptTrigger, Triggers } from './triggers.ts'

export interface SchedulesOptions {
  state: StateStore
  triggers: Pick<Triggers, 'list'>
  deliveries: Pick<Deliveries, 'add'>
  deploys: Beginner
  log: Pick<Logger, 'info' | 'warn'>
  nowMs: () => number
  /** Milliseconds after which schedules that were changed elsewhere are looked at again. */
  lookMs?: number
  freeAfterMs?: number
}

interface Beat {
  /** The last beat that a hub has taken. */
  firedMs?: number
  /** The next one, as it was foreseen then. */
  nextMs?: number
  /** Of the trigger: another schedule has other beats. */
  changedMs: number
}

interface Running {
  task: ScheduledTask
  changedMs: number
}

const BEATS = 'trigger-beat/'
const LOOK_MS = 5000
/** A beat that is later than this is not done any more. */
const LATE_MS = 60_000

/** Until the signal aborts. */
export async function keepSchedules(options: SchedulesOptions, signal: AbortSignal): Promise<void> {
  const { state, log, freeAfterMs } = options
  const lease = { state, name: 'schedules', log, ...(freeAfterMs === undefined ? {} : { freeAfterMs }) }
  await onDuty(lease, (_, ending) => fireAll(options, ending), signal)
}

async function fireAll(options: SchedulesOptions, signal: AbortSignal): Promise<void> {
  const { triggers, log, lookMs = LOOK_MS } = options
  const running = new Map<string, Running>()
  try {
    while (!signal.aborted) {
      try {
        const wanted = (await triggers.list()).filter(({ kind }) => kind === 'schedule')
        await follow(options, running, wanted, signal)
      } catch (err) {
        log.warn({ err }, 'schedules could not be read, will try again')
      }
      await sleep(lookMs, undefined, { signal, ref: false }).catch(() => undefined)
    }
  } finally {
    for (const { task } of running.values()) await task.destroy()
  }
}

async function follow(
  options: SchedulesOptions,
  running: Map<string, Running>,
  wanted: KeptTrigger[],
  signal: AbortSignal
): Promise<void> {
  for (const [name, { task, changedMs }] of running) {
    if (wanted.some((trigger) => trigger.name === name && trigger.changedMs === changedMs)) continue
    await task.destroy()
    running.delete(name)
  }
  for (const trigger of wanted) {
    const { name, cron, zone, changedMs } = trigger
    if (running.has(name) || cron === undefined) continue
    const fire = (atMs: number) =>
      signal.aborted
        ? undefined
        : fireOnce(options, trigger, atMs).catch((err) =>
            options.log.warn({ err, trigger: name }, 'a schedule could not be carried out')
          )
    const task = createTask(cron, ({ date }) => fire(date.getTime()), {
      ...{ timezone: zone ?? 'UTC', unref: true },
      ...{ suppressMissedWarning: true, missedExecutionTolerance: LATE_MS }
    })
    running.set(name, { task, changedMs })
    const lateMs = await lateBeat(options, trigger)
    await task.start()
    if (lateMs !== undefined) await fire(lateMs)
  }
}

/** A beat that was foreseen and that nobody took: returned where it is still to be done, else told. */
async function lateBeat(options: SchedulesOptions, trigger: KeptTrigger): Promise<number | undefined> {
  const { state, deliveries, log, nowMs } = options
  const { name, changedMs } = trigger
  const atMs = nowMs()
  const nextMs = nextBeat(trigger)
  let foreseenMs: number | undefined
  await state.update<Beat>(BEATS + name, (old) => {
    foreseenMs = old?.changedMs === changedMs ? old.nextMs : undefined
    // Where it is yet to come, or to be done now, fireOnce() writes the next one.
    if (foreseenMs !== undefined && foreseenMs >= atMs - LATE_MS) return old
    return {
      ...{ changedMs, ...(old?.firedMs === undefined ? {} : { firedMs: old.firedMs }) },
      ...(nextMs === undefined ? {} : { nextMs })
    }
  })
  if (foreseenMs === undefined || foreseenMs > atMs) return undefined
  if (foreseenMs >= atMs - LATE_MS) return foreseenMs
  const since = new Date(foreseenMs).toISOString()
  const why = `no hub was there to do it; beats from ${since} on were missed and are not made up`
  log.warn({ trigger: name, since }, 'a schedule was missed')
  await deliveries.add(name, { atMs, event: `beat of ${since}`, verdict: 'ignored', why })
  return undefined
}

async function fireOnce(options: SchedulesOptions, trigger: KeptTrigger, beatMs: number): Promise<void> {
  const { state, deliveries, deploys, log, nowMs } = options
  const { name, rules, changedMs } = trigger
  const next = nextBeat(trigger)
  let isMine = false
  await state.update<Beat>(BEATS + name, (old) => {
    isMine = (old?.firedMs ?? 0) < beatMs
    return isMine ? { firedMs: beatMs, changedMs, ...(next === undefined ? {} : { nextMs: next }) } : old
  })
  if (!isMine) return
  const event = `beat of ${new Date(beatMs).toISOString()}`
  for (const [index, rule] of rules.entries()) {
    // Where one is still under way, the beat is refused, and that is told.
    const decision = decisionOf(rule, {}, `${name}, ${event}`)
    const by = { kind: 'schedule' as const, name }
    const outcome = await orderOf(decision, by, `${event}/${index}`, { deploys, log })
    const delivery = { atMs: nowMs(), event, ...outcome }
    await deliveries.add(name, delivery)
    log.info({ trigger: name, ...delivery }, 'a schedule was carried out')
  }
}
