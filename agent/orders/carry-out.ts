/** An order from where it stands to its end. */
import type { PullOrder, RemoveOrder } from '../protocol-orders.ts'
import { failureOf, OrderFailure } from './codes.ts'
import { slotLabels } from './container.ts'
import { imageParts, type OrderHost, takeDownParts } from './host.ts'
import { haveImage, refuseImage } from './image.ts'
import { mountsOf, secretValues } from './mounts.ts'
import { untilDone } from './patience.ts'
import { replace } from './replace.ts'
import { problemOf } from './shape.ts'
import { takeDown } from './take-down.ts'
import type { Work } from './work.ts'

/** Resolves when the order has ended; rejects where the agent ends before, and may be called again by the next one. */
export async function carryOut(work: Work, host: OrderHost): Promise<void> {
  const { order, entry } = work
  if (entry.at === 'taken') {
    // What was taken back needs no engine to say whether it would be refused.
    const refusal = work.isWithdrawn ? undefined : await refusalOf(work, host)
    if (refusal) return work.end({ kind: 'refused', code: refusal.code }, refusal.message)
    if (work.isWithdrawn) {
      const end = { kind: 'undone', code: 'DRIFTLOG_WITHDRAWN' } as const
      return work.end(end, 'the hub took the order back before it was begun')
    }
  }
  switch (order.kind) {
    case 'pull':
      return pullOnly(work, order, host)
    case 'replace':
      return replace(work, order, host)
    case 'remove':
      return removeAll(work, order, host)
    default:
      return order satisfies never
  }
}

/** What is refused has touched nothing. */
async function refusalOf(work: Work, host: OrderHost): Promise<OrderFailure | undefined> {
  const { order } = work
  const problem = problemOf(order)
  if (problem !== undefined)
    return new OrderFailure('DRIFTLOG_ORDER', `this agent does not understand the order: ${problem}`)
  const barred = await host.barred(work.stopping)
  if (barred) return new OrderFailure(barred.code, barred.text)
  try {
    if (order.kind === 'remove') return undefined
    refuseImage(order.kind === 'pull' ? order.image.reference : order.spec.image.reference, host.rules)
    if (order.kind === 'replace') {
      mountsOf(order.spec, host.rules)
      secretValues(order.spec, host.rules)
    }
    return undefined
  } catch (error) {
    if (error instanceof OrderFailure) return error
    throw error
  }
}

async function pullOnly(work: Work, { image: asked }: PullOrder, host: OrderHost): Promise<void> {
  if (work.entry.at !== 'undo') {
    try {
      await work.begin('pull')
      const image = await haveImage(asked, imageParts(work, host))
      work.done('pull', image.digest ?? image.imageId)
      return await work.end({ kind: 'done', image })
    } catch (error) {
      if (work.stopping.aborted) throw error
      await work.turnBack(failureOf(error as Error, work.isWithdrawn))
    }
  }
  const { code = 'DRIFTLOG_IMAGE', text } = work.entry.cause ?? {}
  await work.end({ kind: 'undone', code }, text)
}

async function removeAll(work: Work, order: RemoveOrder, host: OrderHost): Promise<void> {
  const parts = takeDownParts(work, host)
  await work.begin('stop')
  const all = await untilDone((signal) => host.engine.labelled(slotLabels(order), signal), parts)
  await takeDown(all, order.stopGraceMs, parts)
  work.done('stop', all.length === 0 ? 'there was none' : `${all.length} removed`)
  await work.end({ kind: 'done' })
}
