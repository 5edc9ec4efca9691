/** What a deploy tells of itself, in order: each step is part of the change that it tells of, and gets a document of its own. */
import type { OrderEnd, Report, Step } from '../../agent/protocol-orders.ts'
import type { By, DeployStep } from './deploy.ts'
import type { KeptDeploy, Ordered } from './kept.ts'
import type { KeptOrder } from './order-book.ts'

export interface StepTold {
  step: DeployStep['step']
  state: DeployStep['state']
  text: string
  slot?: number | undefined
  host?: string | undefined
  by?: By
  end?: OrderEnd
}

const LONGEST_TEXT = 4096
/** Of what goes on in one step of an order, so much is kept; the rest is counted. */
const MOST_GOING = 20

/** Changes `kept`. */
export function tell(kept: KeptDeploy, atMs: number, { slot, host, text, ...told }: StepTold): void {
  kept.lastSeq++
  kept.unsaved.push({
    ...{ seq: kept.lastSeq, atMs },
    ...(slot === undefined ? {} : { slot }),
    ...(host === undefined ? {} : { host }),
    ...told,
    text: text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1)}…` : text
  })
}

/** Tells what has come of an order since it was looked at last. Changes both. */
export function tellReports(kept: KeptDeploy, ordered: Ordered, { reports, toldMs = 0 }: KeptOrder): void {
  for (const report of reports) {
    if (report.seq <= ordered.taken) continue
    ordered.taken = report.seq
    if (report.state === 'failed' && report.text !== undefined) ordered.text = report.text
    if (report.state !== 'ended') tellReport(kept, toldMs, ordered, report)
    else if (report.text !== undefined) ordered.text ??= report.text
  }
}

/** Tells how an order has ended, where its last step has not said so. */
export function tellEnd(kept: KeptDeploy, atMs: number, ordered: Ordered, end: OrderEnd): void {
  const { slot, host, kind, going } = ordered
  if (end.kind === 'done' && going.isDone) return
  const step = going.step ?? (kind === 'pull' ? 'pull' : kind === 'remove' ? 'stop' : 'switch')
  const isDone = end.kind === 'done'
  tell(kept, atMs, {
    ...{ slot, host, step, state: isDone ? 'done' : 'failed', end },
    text: isDone ? DONE[kind] : `${end.kind}: ${reasonOf(ordered, end)}`
  })
}

const DONE: Record<Ordered['kind'], string> = {
  pull: 'the image is there',
  replace: 'the new instance has taken over',
  remove: 'the instance is gone'
}

/** Why an order was not done, for people. */
export function reasonOf({ text }: Ordered, { code = 'it says no reason' }: OrderEnd): string {
  return text === undefined || text.includes(code) ? (text ?? code) : `${code}: ${text}`
}

/** By the hub's clock: those of hosts may be wrong. */
function tellReport(kept: KeptDeploy, atMs: number, ordered: Ordered, { step, state, text }: Report): void {
  if (step === undefined) return
  const { slot, host } = ordered
  if (ordered.going.step !== step) ordered.going = { step, isDone: false, shown: 0, hidden: 0 }
  const { going } = ordered
  going.isDone = state === 'done'
  if (state === 'going' && ++going.shown > MOST_GOING) {
    going.hidden++
    return
  }
  const more = state !== 'going' && going.hidden > 0 ? ` (${going.hidden} more like these before)` : ''
  const words = text ?? WORDS[step][state === 'failed' ? 2 : state === 'done' ? 1 : 0]
  tell(kept, atMs, { slot, host, step, state: state === 'ended' ? 'done' : state, text: words + more })
}

/** While it goes on, once it is done, and where it fails: where the agent says nothing itself. */
const WORDS: Record<Step, [string, string, string]> = {
  pull: ['the image is being pulled', 'the image is there', 'the image can not be had'],
  create: ['the container is being made', 'the container is made', 'the container can not be made'],
  start: ['it is being started', 'it runs', 'it does not start'],
  check: ['it is being checked', 'it is healthy', 'it is not healthy'],
  switch: ['the new instance takes over', 'the new instance has taken over', 'it could not take over'],
  stop: [
    'the old instance is being stopped',
    'the old instance is gone',
    'the old instance could not be stopped'
  ]
}
