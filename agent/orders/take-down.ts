/** Containers of a slot that are to go: stopped in their own time, removed once their last line is at the hub. */
import { type ActingEngine, isUp } from '../docker/acting-engine.ts'
import { pause } from '../ship/backoff.ts'
import { LABELS } from './container.ts'
import { untilDone, type Waiting } from './patience.ts'

/** How far the logs of a container that has ended are. */
export type LogsDelivered =
  /** There is more to be sent, or it is not known yet that the container has ended. */
  | 'behind'
  /** All of it was sent, and the hub waits whether its last record goes on. */
  | 'sent'
  /** The hub has all of it for good. */
  | 'committed'

export interface Logs {
  delivered(container: string): LogsDelivered
  /** The hub takes logs just now. */
  connected(): boolean
}

export interface TakeDownParts extends Waiting {
  engine: ActingEngine
  logs: Logs
  /** For people who wait. */
  going: (text: string) => void
  /** No longer asked whether it is well. */
  drop: (container: string) => void
}

const LOOK_MS = 100
/** Whether a last record goes on is waited for this long. */
const LAST_RECORD_MS = 5000
/**
 * A hub that is there and does not take what is left is not waited for any longer than this: the agent holds the files
 * of removed containers open. A hub that is away is waited for.
 */
const READ_MS = 60_000

/** `graceMs` counts for those that do not say it themselves. Resolves when they are gone. */
export async function takeDown(
  containers: readonly string[],
  graceMs: number,
  parts: TakeDownParts
): Promise<void> {
  await Promise.all(containers.map((id) => takeOne(id, graceMs, parts)))
}

async function takeOne(id: string, graceMs: number, parts: TakeDownParts): Promise<void> {
  const { engine, going, signal } = parts
  const found = await untilDone((until) => engine.inspect(id, until), parts)
  if (!found) return
  const own = Number(found.Config.Labels?.[LABELS.stopGraceMs] ?? Number.NaN)
  const grace = own >= 0 ? own : graceMs
  const wasRun = Date.parse(found.State.StartedAt ?? '') > 0
  if (isUp(found) || found.State.Status === 'paused') {
    going(`${found.Name.slice(1)} has ${grace / 1000} s to end`)
    await untilDone((until) => engine.stop(id, grace, until), parts)
  }
  if (wasRun) await logsRead(id, found.Name.slice(1), parts)
  await untilDone(async (until) => {
    await engine.remove(id, until)
    while (await engine.inspect(id, until)) await pause(LOOK_MS, until)
    signal.throwIfAborted()
  }, parts)
  parts.drop(id)
}

async function logsRead(id: string, name: string, { logs, going, signal }: TakeDownParts): Promise<void> {
  let leftMs = READ_MS
  let sentMs = 0
  for (;;) {
    signal.throwIfAborted()
    const delivered = logs.delivered(id)
    if (delivered === 'committed') return
    sentMs = delivered === 'sent' ? sentMs + LOOK_MS : 0
    if (sentMs >= LAST_RECORD_MS) return
    if (!logs.connected()) going(`${name} has ended; it is removed when its log is at the hub, which is away`)
    else if (leftMs <= 0) {
      going(`${name} is removed although the hub does not take the end of its log: the agent holds its files`)
      return
    } else leftMs -= LOOK_MS
    await pause(LOOK_MS, signal)
  }
}
