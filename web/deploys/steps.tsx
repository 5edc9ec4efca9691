import type { DeployStep, SlotState } from '../../server/deploys/deploy.ts'
import { clockText } from '../time/format.ts'
import { usePageZone } from '../time/page-zone.ts'
import { byText } from './by.ts'
import { useSay } from './words.ts'

const SIGNS: Record<DeployStep['state'], string> = { begun: '…', going: '…', done: '✓', failed: '✗' }

/** What happened, in order, as far as it is told. */
export function Steps({ steps, slots }: { steps: readonly DeployStep[]; slots: readonly SlotState[] }) {
  const { say } = useSay()
  const zone = usePageZone()
  const whereOrBy = ({ slot, host: id, by }: DeployStep) => {
    if (id === undefined) return by && byText(by, say)
    const host = slots.find((known) => known.host === id)?.hostName ?? id
    return slot === undefined ? host : say('slot', { slot, host })
  }
  return (
    <section aria-label={say('steps')}>
      <h2>{say('steps')}</h2>
      <ol className="steps">
        {steps.map((step) => (
          <li key={step.seq} data-state={step.state}>
            <time dateTime={new Date(step.atMs).toISOString()}>{clockText(step.atMs, zone, 'second')}</time>
            <span aria-hidden="true">{SIGNS[step.state]}</span>
            <span>
              <strong>{say(`step.${step.step}`)}</strong> {say(`stepState.${step.state}`)}
            </span>
            <span className="quiet">{whereOrBy(step)}</span>
            <span className="step-text">{step.text}</span>
          </li>
        ))}
      </ol>
    </section>
  )
}
