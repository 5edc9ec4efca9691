import { useState } from 'react'
import type { Deploy } from '../../server/deploys/deploy.ts'
import { useAnswer } from '../state/answer.ts'
import { usePage, useSetView } from '../state/page.ts'
import { promote } from './ask.ts'
import { Choice } from './choice.tsx'
import { Confirm } from './confirm.tsx'
import { definitionOf } from './definition-ask.ts'
import { useSay } from './words.ts'

/** Brings the very same image into another environment of the app. */
export function Promote({ deploy, onClose }: { deploy: Deploy; onClose: () => void }) {
  const { say } = useSay()
  const { client } = usePage()
  const setView = useSetView()
  const { app } = deploy
  // where it cannot be read there is nothing to choose, and the hub says why
  const { answer } = useAnswer((signal) => definitionOf(client, app, 0, signal), [app])
  const environments = answer ? namesIn(answer.definition.environments, deploy.environment) : []
  const [chosen, setChosen] = useState<string>()
  const [reason, setReason] = useState('')
  const environment = chosen ?? environments[0] ?? ''
  return (
    <Confirm
      title={say('do.promote')}
      label={say('do.promote')}
      words={
        environment !== ''
          ? say('sure.promote', { app, environment })
          : answer
            ? say('promote.none', { app })
            : ''
      }
      onClose={onClose}
      onConfirm={async () => {
        const asked = { environment, ...(reason === '' ? {} : { reason }) }
        const { id } = await promote(client, deploy.id, asked)
        setView({ page: 'deploys', deploy: id })
      }}
    >
      <Choice label={say('promote.to')} value={environment} onChange={(value) => setChosen(value)}>
        {environments.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </Choice>
      <label>
        {say('promote.reason')}
        <input value={reason} maxLength={4096} onChange={(event) => setReason(event.target.value)} />
      </label>
    </Confirm>
  )
}

/** Environments of the definition but for `own`; first the ones that take from where this deploy ran. */
function namesIn(environments: Record<string, unknown>, own: string): string[] {
  const takesFrom = (name: string) => {
    const { rollout } = (environments[name] ?? {}) as { rollout?: { from?: unknown } }
    return rollout?.from === own
  }
  const others = Object.keys(environments).filter((name) => name !== own)
  return [...others.filter(takesFrom), ...others.filter((name) => !takesFrom(name))]
}
