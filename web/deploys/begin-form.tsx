import { useId } from 'react'
import type { AppAnswer } from '../../server/deploys/apps-api.ts'
import { useLanguage } from '../words/index.ts'
import { fieldOf } from './asking.ts'
import { BeginStanding } from './begin-standing.tsx'
import { useBeginning } from './beginning.ts'
import { Choice } from './choice.tsx'
import { Plan } from './plan.tsx'
import { useSay } from './words.ts'
import { Wrong, wrongAt } from './wrong.tsx'

interface BeginFormProps {
  newest: AppAnswer
  /** Newest first. */
  versions: readonly number[]
  /** The one that is chosen at first. */
  version: number
  onClose: () => void
}

/** Environment, image and version; then the plan; and only behind that the deploy. */
export function BeginForm({ newest, versions, version, onClose }: BeginFormProps) {
  const { t } = useLanguage()
  const { say } = useSay()
  const image = useId()
  const { filled, fill, environments, standing, asDefined, plan, error, isUnsure, busy, showPlan, deploy } =
    useBeginning(newest, version, onClose)
  const { environment } = filled
  const field = error && fieldOf(error.code)
  const wrongIn = (name: typeof field) => (error && name === field ? error.message : undefined)
  return (
    <form
      className="begin"
      aria-busy={busy}
      onSubmit={(event) => {
        event.preventDefault()
        showPlan()
      }}
    >
      <Wrong field="begin" text={wrongIn(undefined)} />
      {isUnsure && <p>{say('begin.lost')}</p>}
      <Choice
        label={say('definition.environment')}
        value={environment}
        onChange={(value) => fill({ environment: value })}
        wrong={wrongIn('environment')}
      >
        {environments.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </Choice>
      <BeginStanding standing={standing} rollout={newest.wanted[environment]?.rollout} />
      <label htmlFor={image}>
        {say('begin.image')}
        <input
          id={image}
          value={filled.image}
          maxLength={512}
          spellCheck={false}
          autoCapitalize="none"
          placeholder={asDefined}
          onChange={(event) => fill({ image: event.target.value })}
          data-first
          {...wrongAt(image, wrongIn('image'))}
        />
      </label>
      <Wrong field={image} text={wrongIn('image')} />
      <Choice
        label={say('begin.version')}
        value={filled.version}
        onChange={(value) => fill({ version: Number(value) })}
        wrong={wrongIn('version')}
      >
        {versions.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </Choice>
      <label>
        {say('promote.reason')}
        <input
          value={filled.reason}
          maxLength={4096}
          onChange={(event) => fill({ reason: event.target.value })}
        />
      </label>
      {/* Nothing but a press on a button of its own deploys: a second Enter or click shows the plan once more. */}
      <button type="submit" className={plan ? 'framed' : 'primary'}>
        {say('begin.plan')}
      </button>
      <div role="status">{plan && <Plan slots={plan} />}</div>
      <div className="confirm-buttons">
        <button type="button" className="framed" onClick={onClose}>
          {t('page.cancel')}
        </button>
        {plan && (
          <button type="button" className="primary" onClick={deploy}>
            {say('begin.do')}
          </button>
        )}
      </div>
    </form>
  )
}
