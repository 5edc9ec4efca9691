import { useEffect, useState } from 'react'
import type { KeptDefinition } from '../../server/deploys/definitions.ts'
import { wasAborted } from '../api/client.ts'
import { usePage, useView } from '../state/page.ts'
import { Choice } from './choice.tsx'
import { pathOf } from './definition-ask.ts'
import { Text } from './text.tsx'
import { useSay } from './words.ts'

/** The same for one environment as the file that docker's own tools read. */
export function Compose({ definition: { app, version, definition } }: { definition: KeptDefinition }) {
  const { say } = useSay()
  const view = useView()
  const environments = Object.keys(definition.environments)
  const [chosen, setChosen] = useState(view.environment)
  const environment = environments.includes(chosen) ? chosen : (environments[0] ?? '')
  const { text, error } = useCompose(app, version, environment)
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

function useCompose(app: string, version: number, environment: string) {
  const { client } = usePage()
  const [text, setText] = useState<string>()
  const [error, setError] = useState<Error>()
  useEffect(() => {
    if (environment === '') return
    const stop = new AbortController()
    const asked = { environment, version, kind: 'compose' }
    client
      .get(`${pathOf(app)}/compose`, asked, stop.signal, {})
      .then((answer) => answer.text())
      .then(
        (next) => {
          setText(next)
          setError(undefined)
        },
        (reason: unknown) => {
          if (!wasAborted(reason)) setError(reason instanceof Error ? reason : new Error(String(reason)))
        }
      )
    return () => stop.abort()
  }, [client, app, version, environment])
  return { text, error }
}
