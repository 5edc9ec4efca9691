/** What people ask of a deploy that is under way, as changes of its document. Pure. */
import type { By, Deploy } from './deploy.ts'
import { changedSlots, goBack, isBegun } from './draft.ts'
import { DeployStateError } from './errors.ts'
import type { KeptDeploy } from './kept.ts'
import { tell } from './steps.ts'

export type Request = (kept: KeptDeploy, by: By, nowMs: number) => KeptDeploy

/** Throws DeployStateError, as all of these. */
export function approved(kept: KeptDeploy, by: By, nowMs: number): KeptDeploy {
  const next = copyIn(kept, ['waiting'], 'only one that waits can be approved')
  Object.assign(next.deploy, { state: 'running', approvedBy: by })
  tell(next, nowMs, { step: 'approve', state: 'done', text: `approved by ${by.name}`, by })
  return next
}

/** Of one that nobody has said yes to for long. */
export function givenUp(kept: KeptDeploy, why: string, nowMs: number): KeptDeploy {
  if (kept.deploy.state !== 'waiting') return kept
  return cancelled(structuredClone(kept), { kind: 'hub', name: 'upkeep' }, nowMs, why)
}

/** One that waits is cancelled; of one that runs, what has begun comes to its end, and nothing else begins. */
export function stopped(kept: KeptDeploy, by: By, nowMs: number): KeptDeploy {
  const next = copyIn(kept, ['waiting', 'running'], 'only one that waits or runs can be stopped')
  if (next.deploy.state === 'waiting') return cancelled(next, by, nowMs)
  const why = `stopped by ${by.name}`
  Object.assign(next.deploy, { state: 'paused', why })
  tell(next, nowMs, { step: 'pause', state: 'done', text: why, by })
  return next
}

export function resumed(kept: KeptDeploy, by: By, nowMs: number): KeptDeploy {
  const next = copyIn(kept, ['paused'], 'only one that is paused can go on')
  next.deploy.state = 'running'
  delete next.deploy.why
  if (next.work) next.work.passed = changedSlots(next.work)
  tell(next, nowMs, { step: 'resume', state: 'done', text: `let go on by ${by.name}`, by })
  return next
}

/** Of one that has not ended yet. */
export function takenBack(kept: KeptDeploy, by: By, nowMs: number): KeptDeploy {
  const states: Deploy['state'][] = ['waiting', 'running', 'paused']
  const next = copyIn(kept, states, 'there is nothing to be taken back')
  if (!isBegun(next)) return cancelled(next, by, nowMs)
  goBack(next, `rolled back by ${by.name}`, nowMs, by)
  return next
}

function cancelled(next: KeptDeploy, by: By, nowMs: number, why = `cancelled by ${by.name}`): KeptDeploy {
  Object.assign(next.deploy, { state: 'cancelled', why, endedMs: nowMs })
  tell(next, nowMs, { step: 'end', state: 'failed', text: why, by })
  return next
}

function copyIn(kept: KeptDeploy, states: readonly Deploy['state'][], reason: string): KeptDeploy {
  const { id, state } = kept.deploy
  if (!states.includes(state)) throw new DeployStateError(id, state, reason)
  return structuredClone(kept)
}
