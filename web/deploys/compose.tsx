import { useState } from 'react'
import type { KeptDefinition } from '../../server/deploys/definitions.ts'
import { useAnswer } from '../state/answer.ts'
import { usePage, useView } from '../state/page.ts'
import { Choice } from './choice.tsx'
import { composeOf } from './definition-ask.ts'
import { Text } from './text.tsx'
import { useSay } from './words.ts'

/** The same for one environment as the file that docker's own tools read. */
export function Compose({ definition: { app, version, definition } }: { definition: KeptDefinition }) {
  const { say } = useSay()
  const { client } = usePage()
  const view = useView()
  const environments = Object.keys(definition.environments)
  const [chosen, setChosen] = useState(view.environment)
  const environment = environments.includes(chosen) ? chosen : (environments[0] ?? '')
  const { answer: text, error } = useAnswer(
    (signal) => composeOf(client, app, { version, environment }, signal),
    environment === '' ? undefined : [app, version, environment]
  )
  if (environment === '') return null
  return (
    <>
      <div className="deploys-head">
        <Choice
          label={say('definition.environment')}
          value={environment}
          onChange={(value) => setChosen(value)}
        >
          {environments.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </Choice>
      </div>
      {error && (
        <p className="failed" role="alert">
          {say('definition.failed', { reason: error.message })}
        </p>
      )}
      {text !== undefined && <Text name={say('definition.compose', { environment })} text={text} />}
    </>
  )
}
