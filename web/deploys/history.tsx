import { useEffect, useState } from 'react'
import type { Deploy } from '../../server/deploys/deploy.ts'
import { asError } from '../api/as-error.ts'
import { wasAborted } from '../api/client.ts'
import { Scope } from '../shell/scope.tsx'
import { usePage, useView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { momentText } from '../time/format.ts'
import { usePageZone } from '../time/page-zone.ts'
import { useLanguage } from '../words/index.ts'
import { deploysOf } from './ask-many.ts'
import { beganMs } from './began.ts'
import { BeginButton } from './begin-button.tsx'
import { byText } from './by.ts'
import { Heading } from './heading.tsx'
import { DeployLink } from './link.tsx'
import { useSayMark } from './mark-words.ts'
import { deployName } from './name.ts'
import { Nothing } from './nothing.tsx'
import { State } from './state.tsx'
import { useSay } from './words.ts'

const SHOWN = 50
/** The hub gives no more at once. */
const MOST = 200
/** While somebody looks, others deploy. */
const EVERY_MS = 5000

/** Everything that was deployed in the scope, newest first. */
export function History() {
  const { t } = useLanguage()
  const { say } = useSay()
  const { app } = useView()
  const { deploys, error, hasMore, more, again } = useHistory()
  return (
    <>
      <header className="deploys-head">
        <Heading title={say('title')}>{say('heading')}</Heading>
        <Scope also={deploys ?? []} />
        {app !== '' && (
          <DeployLink change={{ page: 'definition', deploy: '' }}>{say('definition.of', { app })}</DeployLink>
        )}
        <BeginButton version={0} />
      </header>
      {error && (
        <div className="failed" role="alert">
          <p>{say('failed', { reason: error.message })}</p>
          <button type="button" className="framed" onClick={again}>
            {t('page.tryAgain')}
          </button>
        </div>
      )}
      {deploys && deploys.length > 0 && (
        <ul className="deploy-list" aria-label={say('heading')}>
          {deploys.map((deploy) => (
            <Row key={deploy.id} deploy={deploy} />
          ))}
        </ul>
      )}
      {deploys?.length === 0 && <Nothing app={app} />}
      {hasMore && (
        <button type="button" className="framed deploys-more" onClick={more}>
          {say('more')}
        </button>
      )}
    </>
  )
}

function Row({ deploy }: { deploy: Deploy }) {
  const { say: sayMark } = useSayMark()
  const { say } = useSay()
  const zone = usePageZone()
  const { reason, why } = deploy
  return (
    <li>
      <State state={deploy.state} />
      <DeployLink change={{ page: 'deploys', deploy: deploy.id }}>{deployName(deploy, sayMark)}</DeployLink>
      <span className="quiet">
        {say('list.by', { by: byText(deploy.by, say), time: momentText(beganMs(deploy), zone, Date.now()) })}
      </span>
      {(why ?? reason) !== undefined && <p className="deploy-why">{why ?? reason}</p>}
    </li>
  )
}

/** The newest ones are asked for again and again; older ones when somebody wants them. */
function useHistory() {
  const { client, login } = usePage()
  const { app, environment } = useView()
  const round = useStore(login.round)
  const [limit, setLimit] = useState(SHOWN)
  const [times, setTimes] = useState(0)
  const [deploys, setDeploys] = useState<Deploy[]>()
  const [error, setError] = useState<Error>()

  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again after a login and when it is asked for.
  useEffect(() => {
    const stop = new AbortController()
    const ask = async () => {
      if (document.hidden) return
      const found = await deploysOf(client, { app, environment, limit }, stop.signal)
      setDeploys(found)
      setError(undefined)
    }
    const again = () =>
      void ask().catch((reason: unknown) => {
        if (!wasAborted(reason)) setError(asError(reason))
      })
    again()
    const timer = setInterval(again, EVERY_MS)
    return () => {
      clearInterval(timer)
      stop.abort()
    }
  }, [client, app, environment, limit, round, times])

  return {
    deploys,
    error,
    hasMore: deploys !== undefined && deploys.length >= limit && limit < MOST,
    more: () => setLimit(Math.min(MOST, limit + SHOWN)),
    again: () => setTimes(times + 1)
  }
}
