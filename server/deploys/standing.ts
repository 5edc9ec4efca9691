/** How a slot stands, for people. */
import type { SlotState } from './deploy.ts'
import { type Draft, isLeft, isThere, type Seen } from './draft.ts'
import { hasEnded, type SlotWork } from './kept.ts'
import { isHalf, nextBack } from './slot.ts'

export function stateOf(draft: Draft, slot: SlotWork, seen: Seen): SlotState {
  const instance = slot.now ?? (slot.isOld ? slot.before : undefined)
  const left = isLeft(draft.work, slot) ? leftText(slot, seen) : undefined
  const reason = slot.stuck ?? left
  return {
    ...slot.change,
    state: standing(draft, slot),
    ...(instance ? { port: instance.port } : {}),
    ...(instance?.container === undefined ? {} : { container: instance.container }),
    ...(reason === undefined ? {} : { reason })
  }
}

function standing({ deploy, work }: Draft, slot: SlotWork): SlotState['state'] {
  if (slot.unknown !== undefined) return 'unknown'
  if (slot.change.kind === 'same') return deploy.state === 'succeeded' ? 'new' : 'old'
  const isBack = deploy.state === 'rolling-back' || (hasEnded(deploy) && deploy.state !== 'succeeded')
  if (isBack) return slot.order !== undefined ? 'reverting' : nextBack(slot) ? 'new' : 'old'
  if (isThere(work, slot)) return 'new'
  return slot.order !== undefined || isHalf(slot) ? 'changing' : 'old'
}

function leftText({ before }: SlotWork, { nameOf }: Seen): string {
  return `${nameOf(before?.host ?? '')} is away or takes no orders: what runs there goes when it is back`
}
