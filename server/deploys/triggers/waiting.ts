/**
 * What came while a deploy was under way: the newest event of each app and environment waits for its end. An older one gives way
 * to it, and to whatever else was deployed there since; each way out is told among the trigger's deliveries.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { onDuty } from '../../../collector/lease.ts'
import type { StateStore } from '../../../collector/store/state.ts'
import type { Beginner, DeployFeed } from '../begin.ts'
import { hasEnded } from '../kept.ts'
import type { Deliveries } from './deliveries.ts'
import { orderOf } from './order.ts'
import type { Decision } from './rules.ts'
import type { DeliveryJson } from './trigger.ts'
import type { KeptTrigger, Triggers } from './triggers.ts'

/** `hook-waiting/<environment>/<app>` */
export interface Waiting {
  trigger: string
  /** Milliseconds since 1970. */
  atMs: number
  id?: string
  event: string
  decision: Extract<Decision, { kind: 'deploy' }>
  /** With it the deploy is begun once, whoever tries. */
  key: string
  /** A hub has tried, and may not have come to write down that it went well. */
  isTried?: true
}

export interface WaitingOptions {
  state: StateStore
  triggers: Pick<Triggers, 'get'>
  deliveries: Pick<Deliveries, 'add'>
  deploys: Beginner & Pick<DeployFeed, 'list'>
  log: Pick<Logger, 'info' | 'warn'>
  nowMs: () => number
  /** Milliseconds after which it is looked whether a deploy has ended. */
  lookMs?: number
  freeAfterMs?: number
}

type Outcome = Pick<DeliveryJson, 'verdict' | 'why' | 'deploy'>

const PREFIX = 'hook-waiting/'
const LOOK_MS = 5000
/** Behind a deploy that has not ended for so long, as one at a breakpoint, nothing waits any more. */
const MOST_MS = 86_400_000
const OVERTAKEN: Outcome = { verdict: 'refused', why: 'a newer event of the app came while this one waited' }

/** Keeps it until its turn comes, unless a newer one is there. Returns what becomes of it for now. */
export async function hold(
  { state, deliveries }: Pick<WaitingOptions, 'state' | 'deliveries'>,
  waiting: Waiting
): Promise<Outcome> {
  let older: Waiting | undefined
  const kept = await state.update<Waiting>(rowOf(waiting), (old) => {
    const stays = old !== undefined && (old.key === waiting.key || old.atMs > waiting.atMs)
    older = stays ? undefined : old
    return stays ? old : waiting
  })
  // Of one that is being tried it is told how that goes.
  if (older && !older.isTried) await tell(deliveries, older, waiting.atMs, OVERTAKEN)
  return kept?.key === waiting.key ? { verdict: 'waiting' } : OVERTAKEN
}

/** Begins what waits once nothing is under way there; one of several hubs does, until the signal aborts. */
export async function keepWaiting(options: WaitingOptions, signal: AbortSignal): Promise<void> {
  const { state, log, lookMs = LOOK_MS, freeAfterMs } = options
  const lease = { state, name: 'waiting-hooks', log, ...(freeAfterMs === undefined ? {} : { freeAfterMs }) }
  const look = async (ending: AbortSignal) => {
    while (!ending.aborted) {
      try {
        for (const { value } of await state.list<Waiting>(PREFIX)) await tryOne(options, value)
      } catch (err) {
        log.warn({ err }, 'what waits for the end of a deploy could not be looked at, will try again')
      }
      await sleep(lookMs, undefined, { signal: ending, ref: false }).catch(() => undefined)
    }
  }
  await onDuty(lease, (_, ending) => look(ending), signal)
}

async function tryOne(options: WaitingOptions, waiting: Waiting): Promise<void> {
  const { state, triggers, deliveries, log, nowMs } = options
  const { trigger, event } = waiting
  const known = await triggers.get(trigger)
  if (!known) {
    log.warn({ trigger, event }, 'what waited for the end of a deploy went with its trigger')
    return leave(state, waiting)
  }
  const turn = await turnOf(options, waiting, known)
  const outcome = turn === 'now' ? await begin(options, waiting) : turn
  if (outcome === 'later') return
  await tell(deliveries, waiting, nowMs(), outcome)
  log.info({ trigger, event, ...outcome }, 'what waited for the end of a deploy was decided')
  await leave(state, waiting)
}

async function begin({ state, deploys, log }: WaitingOptions, waiting: Waiting): Promise<'later' | Outcome> {
  const { trigger, decision, key } = waiting
  const tried = await replace(state, waiting, (old) => ({ ...old, isTried: true }))
  if (tried?.key !== key) return 'later'
  const by = { kind: 'hook' as const, name: trigger }
  const outcome = await orderOf(decision, by, key, { deploys, log, mayWait: true })
  if (outcome.verdict === 'failed') return 'later'
  if (outcome.verdict !== 'waiting') return outcome
  const kept = await replace(state, waiting, ({ isTried: _, ...untried }) => untried)
  return kept?.key === key ? 'later' : OVERTAKEN
}

/** Whether it is to be begun now or later, or how its turn will never come. */
async function turnOf(
  { deploys, nowMs }: WaitingOptions,
  { trigger, atMs, decision: { app, environment }, isTried }: Waiting,
  { changedMs }: Pick<KeptTrigger, 'changedMs'>
): Promise<'now' | 'later' | Outcome> {
  const refused = (why: string): Outcome => ({ verdict: 'refused', why })
  const [newest] = await deploys.list({ app, environment, limit: 1 })
  if (newest && newest.createdMs > atMs) {
    // One that was tried may have been begun: a deploy by its own trigger may be the very one.
    if (isTried && newest.by.kind === 'hook' && newest.by.name === trigger) return 'now'
    return refused(`deploy ${newest.id} was begun while this one waited`)
  }
  if (changedMs > atMs) return refused('its trigger was changed while it waited')
  if (nowMs() - atMs > MOST_MS) return refused('the deploy before it did not end within a day')
  // One that waits for an approval is in nobody's way.
  return newest && !hasEnded(newest) && newest.state !== 'waiting' ? 'later' : 'now'
}

async function tell(
  deliveries: Pick<Deliveries, 'add'>,
  { trigger, id, event, decision: { app, environment } }: Waiting,
  atMs: number,
  outcome: Outcome
): Promise<void> {
  const known = { atMs, ...(id === undefined ? {} : { id }), event, app, environment }
  await deliveries.add(trigger, { ...known, ...outcome })
}

async function leave(state: StateStore, waiting: Waiting): Promise<void> {
  await replace(state, waiting, () => undefined)
}

/** Unless a newer one has its place by now. */
function replace(
  state: StateStore,
  waiting: Waiting,
  change: (old: Waiting) => Waiting | undefined
): Promise<Waiting | undefined> {
  return state.update<Waiting>(rowOf(waiting), (old) => (old?.key === waiting.key ? change(old) : old))
}

function rowOf({ decision: { app, environment } }: Waiting): string {
  return `${PREFIX}${environment}/${app}`
}
