import type { Deploy } from '../../server/deploys/deploy.ts'
import { useSayMark } from './mark-words.ts'

/** Told apart without colour, too. */
const SIGNS: Record<Deploy['state'], string> = {
  waiting: '◇',
  running: '▶',
  paused: '‖',
  'rolling-back': '↶',
  succeeded: '✓',
  'rolled-back': '↩',
  failed: '✗',
  cancelled: '–'
}

/** How a deploy stands: a sign and a word. */
export function State({ state }: { state: Deploy['state'] }) {
  const { say } = useSayMark()
  return (
    <span className="deploy-state" data-state={state}>
      <span aria-hidden="true">{SIGNS[state]}</span> {say(state)}
    </span>
  )
}

/** Nothing changes it any more, but for a person. */
export function hasEnded({ state }: Pick<Deploy, 'state'>): boolean {
  return state === 'succeeded' || state === 'rolled-back' || state === 'failed' || state === 'cancelled'
}
