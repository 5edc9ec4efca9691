import type { SlotState } from '../../server/deploys/deploy.ts'
import { type Say, useSay } from './words.ts'

const SIGNS: Record<SlotState['state'], string> = {
  old: '○',
  changing: '◐',
  new: '●',
  reverting: '↶',
  unknown: '?'
}

/** What is planned for each slot, and what runs there now. */
export function Slots({ slots }: { slots: readonly SlotState[] }) {
  const { say } = useSay()
  if (slots.length === 0) return null
  return (
    <section aria-label={say('slots')}>
      <h2>{say('slots')}</h2>
      <ul className="slots">
        {slots.map((slot) => (
          <li key={slot.slot}>
            <strong>{say('slot', { slot: slot.slot, host: slot.hostName })}</strong>
            <span className="slot-state" data-state={slot.state}>
              <span aria-hidden="true">{SIGNS[slot.state]}</span> {say(`slot.${standing(slot)}`)}
            </span>
            <span className="quiet">{changeText(slot, say)}</span>
            {slot.port !== undefined && (
              <span className="quiet">{say('port', { port: String(slot.port) })}</span>
            )}
            {slot.reason !== undefined && <p className="deploy-why">{slot.reason}</p>}
          </li>
        ))}
      </ul>
    </section>
  )
}

/** What the deploy makes of it; as long as that has not come about it is a plan. */
function changeText({ kind, state, differs }: SlotState, say: Say): string {
  const change = say(`change.${kind}`)
  const whole = differs.length > 0 ? say('changeOf', { change, parts: differs.join(', ') }) : change
  return state === 'new' || kind === 'same' ? whole : say('planned', { change: whole })
}

/** Where nothing ran before, or nothing is to run, old and new are no words for what is there. */
function standing({ kind, state }: SlotState): SlotState['state'] | 'absent' | 'gone' {
  if (kind === 'add' && state === 'old') return 'absent'
  return kind === 'remove' && state === 'new' ? 'gone' : state
}
