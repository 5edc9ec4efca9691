/**
 * One slot comes to run a spec. Every step can be done again: what there is is found by labels. Until the new instance
 * counts, everything else of the slot runs on, and is what is left when anything fails.
 */
import { isUp } from '../docker/acting-engine.ts'
import { EngineRefusal, type Inspected } from '../docker/engine.ts'
import type { ImageFound, ReplaceOrder, Step } from '../protocol-orders.ts'
import { pause } from '../ship/backoff.ts'
import { becomeHealthy, ended } from './become-healthy.ts'
import { failureOf, OrderFailure } from './codes.ts'
import { containerName, containerOf, LABELS, type Slot, slotLabels } from './container.ts'
import { imageParts, type OrderHost, takeDownParts, waitingFor } from './host.ts'
import { haveImage } from './image.ts'
import { mountsOf, secretValues } from './mounts.ts'
import { untilAnswered, untilDone } from './patience.ts'
import { whyTaken } from './ports.ts'
import { takeDown } from './take-down.ts'
import type { Work } from './work.ts'

const BEFORE: readonly Step[] = ['pull', 'create', 'start', 'check']
/** A container that an agent asked for before it was killed appears within this time. */
const APPEARS_MS = 10_000
/** The same, where nothing says that it was asked for. */
const RESUMED_MS = 2000
const APPEARS_LOOK_MS = 500

export async function replace(work: Work, order: ReplaceOrder, host: OrderHost): Promise<void> {
  const { entry } = work
  const isOpen = entry.at === 'taken' || BEFORE.includes(entry.at as Step)
  if (isOpen) {
    try {
      await untilHealthy(work, order, host)
    } catch (error) {
      if (work.stopping.aborted) throw error
      await work.turnBack(failureOf(error as Error, work.isWithdrawn))
    }
  }
  if (entry.at === 'undo') await undo(work, order, host)
  else await finish(work, order, host)
}

async function untilHealthy(work: Work, order: ReplaceOrder, host: OrderHost): Promise<void> {
  const { entry } = work
  const from = Math.max(0, BEFORE.indexOf(entry.at as Step))
  const steps: ((work: Work, order: ReplaceOrder, host: OrderHost) => Promise<string>)[] = [
    pull,
    create,
    start,
    check
  ]
  for (const [index, act] of steps.entries()) {
    const step = BEFORE[index]
    if (index < from || step === undefined) continue
    work.interrupted.throwIfAborted()
    await work.begin(step)
    const text = await act(work, order, host)
    work.interrupted.throwIfAborted()
    if (step === 'check') await work.switchOver(text)
    else work.done(step, text)
  }
}

async function pull(work: Work, { spec }: ReplaceOrder, host: OrderHost): Promise<string> {
  const found = await haveImage(spec.image, imageParts(work, host))
  work.found(found)
  return imageText(found)
}

async function create(work: Work, { id: order, spec }: ReplaceOrder, host: OrderHost): Promise<string> {
  const waiting = waitingFor(work, 'create')
  const { image } = work.entry
  if (!image) throw new OrderFailure('DRIFTLOG_IMAGE', 'the image of this order is not known')
  const known = await own(order, host, waiting)
  if (known) return `${known.Name.slice(1)} is there already`
  await refuseTaken(order, spec.port, host)
  const name = containerName(spec, order)
  const container = containerOf(spec, {
    ...{ order, address: host.address(), mounts: mountsOf(spec, host.rules) },
    image: await engineName(image, host, waiting),
    secrets: secretValues(spec, host.rules)
  })
  try {
    // Not ended by a withdrawal: what was created must be known, to be removed.
    const whole = { ...waiting, signal: work.stopping }
    await untilAnswered((signal) => host.engine.create(name, container, signal), whole)
  } catch (error) {
    // The name is taken by an earlier call whose answer was lost.
    const isTaken = error instanceof EngineRefusal && error.status === 409
    if (!isTaken) throw error
    const there = await untilAnswered((signal) => host.engine.inspect(name, signal), waiting)
    const isStrange = there && there.Config.Labels?.[LABELS.order] !== order
    if (isStrange || !(await appears(order, APPEARS_MS, host, work))) throw error
  }
  const made = await own(order, host, waiting)
  if (made && made.Image !== image.imageId)
    throw new OrderFailure('DRIFTLOG_IMAGE', `${made.Name} has the image ${made.Image}, not ${image.imageId}`)
  return name
}

async function start(work: Work, { id: order, spec }: ReplaceOrder, host: OrderHost): Promise<string> {
  const waiting = waitingFor(work, 'start')
  const made = await own(order, host, waiting)
  if (!made) throw new OrderFailure('DRIFTLOG_DIED', 'somebody has removed the new container')
  if (isUp(made)) return 'it runs'
  if (Date.parse(made.State.StartedAt ?? '') > 0) throw await ended(made, work, spec, host)
  await refuseTaken(order, spec.port, host)
  const whole = { ...waiting, signal: work.stopping }
  await untilAnswered((signal) => host.engine.start(made.Id, signal), whole)
  return `it runs on port ${spec.port}`
}

async function check(work: Work, { id: order, spec }: ReplaceOrder, host: OrderHost): Promise<string> {
  return becomeHealthy(work, spec, host, () => own(order, host, waitingFor(work, 'check')))
}

/** Whoever else is of the slot goes, now that the new one counts. */
async function finish(work: Work, ordered: ReplaceOrder, host: OrderHost): Promise<void> {
  const { id: order, spec } = ordered
  const parts = takeDownParts(work, host)
  if (work.resumed) work.going('stop', 'the agent was started anew, and goes on')
  const find = (signal: AbortSignal) => host.engine.labelled([`${LABELS.order}=${order}`], signal)
  const container = await untilDone(async (signal) => {
    // Somebody may have removed it meanwhile: what is older goes only when it stands.
    if ((await find(signal)).length === 0) await create(work, ordered, host)
    const [id] = await find(signal)
    if (id === undefined) throw new Error('the new container is not there')
    await host.engine.setRestartPolicy(id, 'unless-stopped', signal)
    await host.engine.start(id, signal)
    return id
  }, parts)
  const others = (await untilDone((signal) => host.engine.labelled(slotLabels(spec), signal), parts)).filter(
    (id) => id !== container
  )
  await takeDown(others, spec.stopGraceMs, parts)
  const { image } = work.entry
  work.done('stop', others.length === 0 ? 'there was no older one' : `${others.length} older removed`)
  await work.end({ kind: 'done', ...(image && { image }), container })
}

/** Nothing of the order is left; a pulled image may stay. */
async function undo(work: Work, { id: order, spec }: ReplaceOrder, host: OrderHost): Promise<void> {
  const parts = takeDownParts(work, host)
  const all = () => untilDone((signal) => host.engine.labelled([`${LABELS.order}=${order}`], signal), parts)
  if (work.resumed && (await all()).length === 0) await appears(order, RESUMED_MS, host, work)
  await takeDown(await all(), spec.stopGraceMs, parts)
  const { code = 'DRIFTLOG_WITHDRAWN', text = '' } = work.entry.cause ?? {}
  const container = await runningOf(spec, host, parts)
  const runs = container === undefined ? 'nothing runs in this slot' : 'what ran before runs on'
  await work.end({ kind: 'undone', code, ...(container !== undefined && { container }) }, `${text}; ${runs}`)
}

async function runningOf(
  slot: Slot,
  { engine }: OrderHost,
  parts: ReturnType<typeof takeDownParts>
): Promise<string | undefined> {
  const ids = await untilDone((signal) => engine.labelled(slotLabels(slot), signal), parts)
  const found = await Promise.all(ids.map((id) => untilDone((signal) => engine.inspect(id, signal), parts)))
  return found.find((one) => one && isUp(one))?.Id
}

async function own(
  order: string,
  { engine }: OrderHost,
  waiting: ReturnType<typeof waitingFor>
): Promise<Inspected | undefined> {
  return untilAnswered(async (signal) => {
    const [id] = await engine.labelled([`${LABELS.order}=${order}`], signal)
    return id === undefined ? undefined : engine.inspect(id, signal)
  }, waiting)
}

/** Whether the container of the order comes to be seen within this time. */
async function appears(order: string, ms: number, { engine }: OrderHost, work: Work): Promise<boolean> {
  const { away } = waitingFor(work, 'create')
  const signal = work.stopping
  const find = (until: AbortSignal) => engine.labelled([`${LABELS.order}=${order}`], until)
  for (const endMs = Date.now() + ms; Date.now() < endMs; await pause(APPEARS_LOOK_MS, signal)) {
    if ((await untilDone(find, { signal, away })).length > 0) return true
  }
  return false
}

async function refuseTaken(order: string, port: number, { hasPort }: OrderHost): Promise<void> {
  const why = hasPort(order, port) ? `another order has port ${port}` : await whyTaken(port)
  if (why !== undefined) throw new OrderFailure('DRIFTLOG_PORT_TAKEN', why)
}

/** By name where that means this very image, so that people know it again. */
async function engineName(
  { reference, digest, imageId }: ImageFound,
  { engine }: OrderHost,
  waiting: ReturnType<typeof waitingFor>
): Promise<string> {
  if (digest !== undefined) return `${reference}@${digest}`
  const named = await untilAnswered((signal) => engine.image(reference, signal), waiting)
  return named?.id === imageId ? reference : imageId
}

function imageText({ reference, digest, imageId }: ImageFound): string {
  return digest === undefined ? `${reference}, ${imageId}` : `${reference}@${digest}`
}
