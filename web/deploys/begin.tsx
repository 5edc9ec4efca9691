import { useState } from 'react'
import { Dialog } from '../shell/dialog.tsx'
import { useAnswer } from '../state/answer.ts'
import { usePage, useView } from '../state/page.ts'
import { definedApps, wantedBy } from './ask-begin.ts'
import { BeginForm } from './begin-form.tsx'
import { Choice } from './choice.tsx'
import { versionsOf } from './definition-ask.ts'
import { FirstSteps } from './nothing.tsx'
import { useSay } from './words.ts'

/** Asks what is to be deployed; where nothing can be, says what to do. */
export function Begin({ version, onClose }: { version: number; onClose: () => void }) {
  const { say } = useSay()
  const { client } = usePage()
  const { app: seen } = useView()
  const [chosen, setChosen] = useState(seen)
  const { answer: apps, error: unread } = useAnswer((signal) => definedApps(client, signal), [])
  const app = chosen === '' ? (apps?.[0] ?? '') : chosen
  const isDefined = apps?.includes(app) === true
  const { answer, error } = useAnswer(
    (signal) => Promise.all([wantedBy(client, app, 0, signal), versionsOf(client, app, signal)]),
    isDefined ? [app] : undefined
  )
  const failed = unread ?? error
  const [newest, versions] = answer ?? []
  return (
    <Dialog title={say('begin.title')} onClose={onClose}>
      <div className="confirm">
        {failed && <p role="alert">{say('definition.failed', { reason: failed.message })}</p>}
        {apps && !isDefined && (
          <>
            <p>{say(app === '' ? 'begin.noneAtAll' : 'begin.none', { app })}</p>
            <FirstSteps app={app} />
          </>
        )}
        {isDefined && (
          <Choice label={say('begin.app')} value={app} onChange={(value) => setChosen(value)}>
            {apps.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </Choice>
        )}
        {newest?.app === app && versions && (
          <BeginForm
            key={app}
            newest={newest}
            versions={versions}
            version={version > 0 && app === seen ? version : newest.version}
            onClose={onClose}
          />
        )}
      </div>
    </Dialog>
  )
}
