import { useAnswer } from '../state/answer.ts'
import { usePage, useSetView, useView } from '../state/page.ts'
import { momentText } from '../time/format.ts'
import { usePageZone } from '../time/page-zone.ts'
import { useLanguage } from '../words/index.ts'
import { BeginButton } from './begin-button.tsx'
import { byText } from './by.ts'
import { Choice } from './choice.tsx'
import { Compose } from './compose.tsx'
import { definitionOf, versionsOf } from './definition-ask.ts'
import { Diff } from './diff.tsx'
import { Heading } from './heading.tsx'
import { DeployLink } from './link.tsx'
import { Text } from './text.tsx'
import { useSay } from './words.ts'

/** What an app is defined to be, in any of its versions, and what is other in another one. */
export function Definition() {
  const { t } = useLanguage()
  const { say } = useSay()
  const zone = usePageZone()
  const { app, against } = useView()
  const { known, versions, error, again } = useDefinition()
  const name = say('definition.of', { app })
  if (app === '') return <p>{say('definition.which')}</p>
  return (
    <article>
      <DeployLink change={{ page: 'deploys' }}>{say('definition.deploys', { app })}</DeployLink>
      <Heading title={say('titleOf', { name })}>{name}</Heading>
      {error && (
        <div className="failed" role="alert">
          <p>{say('definition.failed', { reason: error.message })}</p>
          <button type="button" className="framed" onClick={again}>
            {t('page.tryAgain')}
          </button>
        </div>
      )}
      {known && (
        <>
          <p className="quiet">
            {say('definition.by', {
              version: known.version,
              by: byText(known.by, say),
              time: momentText(known.atMs, zone, Date.now())
            })}
          </p>
          <Versions versions={versions} shown={known.version} />
          {against > 0 && against !== known.version && <Diff app={app} from={against} to={known.version} />}
          <Text name={say('definition.text')} text={JSON.stringify(known.definition, undefined, 2)} />
          <Compose definition={known} />
        </>
      )}
    </article>
  )
}

/** Which version is shown, and with which one it is compared. */
function Versions({ versions, shown }: { versions: readonly number[]; shown: number }) {
  const { say } = useSay()
  const { against } = useView()
  const setView = useSetView()
  const options = versions.map((version) => (
    <option key={version} value={version}>
      {version}
    </option>
  ))
  return (
    <div className="deploys-head">
      <Choice
        label={say('definition.version')}
        value={shown}
        onChange={(value) => setView({ version: Number(value) })}
      >
        {options}
      </Choice>
      <Choice
        label={say('definition.against')}
        value={against}
        onChange={(value) => setView({ against: Number(value) })}
      >
        <option value={0}>{say('definition.alone')}</option>
        {options}
      </Choice>
      <BeginButton version={shown} />
    </div>
  )
}

function useDefinition() {
  const { client } = usePage()
  const { app, version } = useView()
  const { answer, error, again } = useAnswer(
    (signal) => Promise.all([definitionOf(client, app, version, signal), versionsOf(client, app, signal)]),
    app === '' ? undefined : [app, version]
  )
  const [known, versions = []] = answer ?? []
  return { known: known?.app === app ? known : undefined, versions, error, again }
}
