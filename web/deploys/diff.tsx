import { useAnswer } from '../state/answer.ts'
import { usePage } from '../state/page.ts'
import { diffOf } from './definition-ask.ts'
import { useSay } from './words.ts'

/** What is other between two versions, part by part. */
export function Diff({ app, from, to }: { app: string; from: number; to: number }) {
  const { say } = useSay()
  const { client } = usePage()
  const { answer: changes, error } = useAnswer(
    (signal) => diffOf(client, app, { from, to }, signal),
    [app, from, to]
  )
  const name = say('definition.changes', { from, to })
  return (
    <section aria-label={name}>
      <h2>{name}</h2>
      {error && (
        <p className="failed" role="alert">
          {say('definition.failed', { reason: error.message })}
        </p>
      )}
      {changes?.length === 0 && <p>{say('definition.same')}</p>}
      {changes && changes.length > 0 && (
        <ul className="diff">
          {changes.map((change) => (
            <li key={change.path}>
              <strong>{change.path}</strong>
              {change.from !== undefined && <code className="removed">− {JSON.stringify(change.from)}</code>}
              {change.to !== undefined && <code className="added">+ {JSON.stringify(change.to)}</code>}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
