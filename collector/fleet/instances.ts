/** What the hub knows of one container on one host, and how events change it. Telling an event again changes nothing. */
import { createHash } from 'node:crypto'
import type { InstanceEvent, InstanceFacts } from '../../agent/protocol.ts'
import type { Run } from './moves.ts'

export interface Instance {
  /** See instanceId(). */
  id: string
  host: string
  facts: InstanceFacts
  /** Oldest first; the last one is open while the container runs. */
  runs: Run[]
  firstSeenMs: number
  removedMs?: number
  /** Names of its streams beside `docker`, which is number 0: the first of these is number 1. */
  streams?: string[]
}

/** Runs that are kept of one instance: a container that crashes every second has thousands. */
const MOST_RUNS = 50
/** Start times of one run as told by an event and by a listing differ by less. */
const SAME_START_MS = 1000

/** First 16 hex digits of sha256("<host>/<container>"): the first part of its records' ids. */
export function instanceId(host: string, container: string): string {
  return createHash('sha256').update(`${host}/${container}`).digest('hex').slice(0, 16)
}

/** The instance after `event`; `nowMs` is the hub's clock, and the host's is `aheadMs` ahead of it. */
export function tellInstance(
  old: Instance | undefined,
  host: string,
  told: InstanceEvent,
  nowMs: number,
  aheadMs = 0
): Instance {
  const event = withDates(told)
  const { kind, atMs, instance: facts } = event
  const runs = (old?.runs ?? []).map((run) => ({ ...run }))
  const started = facts.startedMs || (kind === 'start' ? atMs : undefined)
  const before = runs.at(-1)
  if (old && before && (started ?? atMs) < before.fromMs - SAME_START_MS) return tellOldRun(old, runs, event)
  if (started !== undefined && (!before || started > before.fromMs + SAME_START_MS)) {
    if (before && before.toMs === undefined) end(before, facts.finishedMs, started, aheadMs)
    runs.push({ fromMs: started, ...(aheadMs !== 0 && { fromAheadMs: aheadMs }) })
  }
  const run = runs.at(-1)
  if (run) {
    const over = kind === 'die' || kind === 'remove' || hasEnded(facts)
    if (over && (run.toMs === undefined || run.inferred || facts.finishedMs)) {
      end(run, facts.finishedMs, run.toMs ?? atMs, aheadMs)
      if (facts.exitCode !== undefined) run.exitCode = facts.exitCode
      if (facts.oomKilled !== undefined) run.oomKilled ||= facts.oomKilled
    }
    // It was taken for gone, but it runs.
    if (!over && run.inferred && facts.state === 'running') {
      delete run.toMs
      delete run.toAheadMs
      delete run.inferred
    }
    if (kind === 'oom') run.oomKilled = true
  }
  const removedMs = kind === 'remove' ? (old?.removedMs ?? atMs - aheadMs) : undefined
  return {
    id: old?.id ?? instanceId(host, facts.container),
    host,
    facts,
    runs: runs.slice(-MOST_RUNS),
    firstSeenMs: old?.firstSeenMs ?? nowMs,
    ...(removedMs !== undefined && { removedMs }),
    ...(old?.streams && { streams: old.streams })
  }
}

/** Beyond this, in milliseconds, there are no dates. */
const LAST_DATE_MS = 8.64e15

/** The same with times that can be written as dates. */
function withDates({ kind, atMs, instance }: InstanceEvent): InstanceEvent {
  const facts = { ...instance }
  for (const name of ['createdMs', 'startedMs', 'finishedMs'] as const) {
    const ms = facts[name]
    if (ms !== undefined && ms > LAST_DATE_MS) delete facts[name]
  }
  return { kind, atMs: Math.min(atMs, LAST_DATE_MS), instance: facts }
}

/** An event of a run that was followed by another: told again, or late. It can only add how that run ended. */
function tellOldRun(old: Instance, runs: Run[], { kind, atMs, instance: facts }: InstanceEvent): Instance {
  const startedMs = facts.startedMs || atMs
  const run = runs.findLast(({ fromMs }) => fromMs <= startedMs + SAME_START_MS)
  if (!run) return old
  if (kind === 'die' && facts.exitCode !== undefined) run.exitCode = facts.exitCode
  if (kind === 'oom') run.oomKilled = true
  return { ...old, runs }
}

/** The container is not on its host any more, and nobody told when it went. */
export function vanish(old: Instance, nowMs: number): Instance {
  const runs = old.runs.map((run) => ({ ...run }))
  const run = runs.at(-1)
  if (run && run.toMs === undefined) {
    const aheadMs = run.fromAheadMs ?? 0
    end(run, old.facts.finishedMs, nowMs + aheadMs, aheadMs)
    run.inferred = true
  }
  return { ...old, runs, removedMs: nowMs }
}

/** It ran when it was told last, or ended when not everything of its host had arrived. */
export function mayHaveWritten({ facts, runs }: Instance, completeMs: number): boolean {
  if (facts.state === 'created') return false
  return !hasEnded(facts) || (runs.at(-1)?.toMs ?? 0) > completeMs
}

/** The container's own log. */
export const OWN_LOG = 'docker'
/** Streams of one instance beside its own log; a folder of a million files is a mistake. */
const MOST_STREAMS = 1000

/** The ordinal of a stream within its instance; undefined where it has none yet. */
export function streamNumber(instance: Instance, stream: string): number | undefined {
  if (stream === OWN_LOG) return 0
  const index = instance.streams?.indexOf(stream) ?? -1
  return index < 0 ? undefined : index + 1
}

/** The instance with one more stream; undefined where it has as many as it may. */
export function addStream(instance: Instance, stream: string): Instance | undefined {
  const streams = instance.streams ?? []
  return streams.length >= MOST_STREAMS ? undefined : { ...instance, streams: [...streams, stream] }
}

/** As the engine says; `removed` once it is gone. */
export function stateOf(instance: Instance): string {
  return instance.removedMs === undefined ? instance.facts.state : 'removed'
}

function end(run: Run, finishedMs: number | undefined, otherwiseMs: number, aheadMs: number): void {
  const toMs = Math.max(run.fromMs, finishedMs && finishedMs >= run.fromMs ? finishedMs : otherwiseMs)
  delete run.inferred
  if (toMs === run.toMs) return
  run.toMs = toMs
  if (aheadMs === 0) delete run.toAheadMs
  else run.toAheadMs = aheadMs
}

function hasEnded({ state }: InstanceFacts): boolean {
  return state === 'exited' || state === 'dead' || state === 'removing' || state === 'removed'
}
