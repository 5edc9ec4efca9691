import { useCommand, usePage, useSetView } from '../state/page.ts'
import { useLanguage } from '../words/index.ts'
import { Actions } from './actions.tsx'
import { Checks } from './checks.tsx'
import { ErrorsAround } from './errors.tsx'
import { Facts } from './facts.tsx'
import { useDeploy } from './follow.ts'
import { Heading } from './heading.tsx'
import { DeployLink } from './link.tsx'
import { useSayMark } from './mark-words.ts'
import { deployName } from './name.ts'
import { Slots } from './slots.tsx'
import { hasEnded, State } from './state.tsx'
import { Steps } from './steps.tsx'
import { useSay } from './words.ts'

/** One deploy: what it is, how it stands, what happened, and what can be done about it. */
export function One({ id }: { id: string }) {
  const { t } = useLanguage()
  const { history } = usePage()
  const setView = useSetView()
  const { say } = useSay()
  const { say: sayMark } = useSayMark()
  const { known, error, lost, again } = useDeploy(id)
  const name = known ? deployName(known.deploy, sayMark) : id
  useCommand('back', () => {
    if (history.entry.get().pushed) history.back()
    else setView({ deploy: '' })
  })
  return (
    <article className="deploy" aria-busy={!known && !error}>
      <DeployLink change={{ page: 'deploys', deploy: '' }}>{say('all')}</DeployLink>
      <Heading title={say('titleOf', { name })}>{name}</Heading>
      {error && (
        <div className="failed" role="alert">
          <p>{say('oneFailed', { reason: error.message })}</p>
          <button type="button" className="framed" onClick={again}>
            {t('page.tryAgain')}
          </button>
        </div>
      )}
      {known && (
        <>
          <div className="deploy-stand">
            <div role="status">
              <State state={known.deploy.state} />
              {known.deploy.why !== undefined && <p className="deploy-why">{known.deploy.why}</p>}
              {lost && !hasEnded(known.deploy) && <p className="warned">{say('lost')}</p>}
            </div>
            <Actions deploy={known.deploy} onDone={again} />
          </div>
          <Facts deploy={known.deploy} />
          <Slots slots={known.deploy.slots} />
          <Checks checks={known.deploy.checks} />
          {known.deploy.startedMs !== undefined && <ErrorsAround deploy={known.deploy} />}
          <Steps steps={known.steps} slots={known.deploy.slots} />
        </>
      )}
    </article>
  )
}
