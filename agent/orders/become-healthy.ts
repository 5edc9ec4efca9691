/** Waiting for a new instance to be well; one that ends meanwhile tells its last lines. */
import { stripVTControlCharacters } from 'node:util'
import { isUp } from '../docker/acting-engine.ts'
import type { Inspected } from '../docker/engine.ts'
import { BareLog, FramedLog } from '../docker/log-frames.ts'
import type { InstanceSpec } from '../protocol-orders.ts'
import { blotted } from './blot.ts'
import { OrderFailure } from './codes.ts'
import { type OrderHost, waitingFor } from './host.ts'
import { untilAnswered } from './patience.ts'
import { whyTaken } from './ports.ts'
import type { Work } from './work.ts'

/** Between two looks whether it still runs. */
const LOOK_MS = 500
const LAST_LINES = 20
const LONGEST_TAIL = 2000

/** In words, how it went. Throws DRIFTLOG_DIED, DRIFTLOG_UNHEALTHY, and the reason of an interruption. */
export async function becomeHealthy(
  work: Work,
  spec: InstanceSpec,
  host: OrderHost,
  look: () => Promise<Inspected | undefined>
): Promise<string> {
  const { everyMs, timeoutMs, withinMs, successes } = spec.health
  const signal = work.interrupted
  /** Whoever goes on after a restart gets the time that good answers take. */
  const leastMs = Date.now() + (work.resumed ? successes * (everyMs + timeoutMs) : 0)
  for (;;) {
    signal.throwIfAborted()
    const found = await look()
    if (!found) throw new OrderFailure('DRIFTLOG_DIED', 'somebody has removed the new container')
    if (!isUp(found)) throw await ended(found, work, spec, host)
    const watch = watchOf(found, host)
    const startedMs = Date.parse(found.State.StartedAt ?? '')
    if (watch.state === 'healthy')
      return `healthy after ${seconds(Date.now() - startedMs)}, ${tried(watch.tries)}`
    const why = watch.why ?? 'it has not answered yet'
    if (watch.tries > 0) work.going('check', `${tried(watch.tries)}: ${watch.why ?? 'good so far'}`)
    const leftMs = Math.max(startedMs + withinMs, leastMs) - Date.now()
    if (leftMs <= 0) {
      const tail = await lastLines(found, work, spec, host)
      throw new OrderFailure(
        'DRIFTLOG_UNHEALTHY',
        `not healthy within ${seconds(withinMs)}, ${tried(watch.tries)}: ${why}${tail}`
      )
    }
    await watch.answered(Math.min(LOOK_MS, leftMs), signal)
  }
}

/** Why it is not up any more. A stranger who took its port a moment before it could is the likely cause. */
export async function ended(
  found: Inspected,
  work: Work,
  spec: InstanceSpec,
  host: OrderHost
): Promise<OrderFailure> {
  const { ExitCode, OOMKilled, StartedAt, FinishedAt } = found.State
  const ranMs = Date.parse(FinishedAt ?? '') - Date.parse(StartedAt ?? '')
  const tail = await lastLines(found, work, spec, host)
  const oom = OOMKilled ? ', out of memory' : ''
  const text = `it ended with ${ExitCode ?? 'no code'}${oom}${ranMs >= 0 ? ` after ${seconds(ranMs)}` : ''}${tail}`
  const taken = await whyTaken(spec.port)
  if (taken !== undefined) return new OrderFailure('DRIFTLOG_PORT_TAKEN', `${taken}; ${text}`)
  return new OrderFailure('DRIFTLOG_DIED', text)
}

function watchOf(found: Inspected, { checks }: OrderHost) {
  try {
    const watch = checks.of(found)
    if (watch) return watch
  } catch (error) {
    throw new OrderFailure('DRIFTLOG_UNHEALTHY', `its check cannot be made: ${(error as Error).message}`)
  }
  throw new OrderFailure('DRIFTLOG_UNHEALTHY', 'its labels do not say how it is checked')
}

/** For people, so without colours; the agent's own secrets among them are blotted out. */
async function lastLines(
  { Id, Config }: Inspected,
  work: Work,
  spec: InstanceSpec,
  { engine, rules }: OrderHost
): Promise<string> {
  try {
    const lines = await untilAnswered(
      async (signal) => {
        const { framed, chunks } = await engine.logs(Id, { follow: false, tail: LAST_LINES }, signal)
        const decoder = (framed ?? !Config.Tty) ? new FramedLog() : new BareLog()
        const texts: string[] = []
        const each = (_output: string, _time: string, text: Buffer) => {
          texts.push(stripVTControlCharacters(text.toString()).trimEnd())
        }
        for await (const chunk of chunks) decoder.push(chunk, each)
        decoder.end(each)
        return texts
      },
      waitingFor(work, 'check')
    )
    const text = blotted(lines.join('\n'), valuesOf(spec, rules))
    return text === '' ? '; it wrote nothing' : `; its last lines:\n${text.slice(-LONGEST_TAIL)}`
  } catch (error) {
    work.interrupted.throwIfAborted()
    return `; its log cannot be had: ${(error as Error).message}`
  }
}

function valuesOf({ secrets }: InstanceSpec, rules: OrderHost['rules']): string[] {
  return secrets.map(({ env = '' }) => rules.secrets[env] ?? '')
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function tried(tries: number): string {
  return tries === 1 ? '1 try' : `${tries} tries`
}
