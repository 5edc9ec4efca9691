import type { AppAnswer } from '../../server/deploys/apps-api.ts'
import type { standingOf } from './asking.ts'
import { imageText } from './image.ts'
import { DeployLink } from './link.tsx'
import { useSayMark } from './mark-words.ts'
import { deployName } from './name.ts'
import { useSay } from './words.ts'

interface BeginStandingProps {
  /** Absent as long as it is not known. */
  standing: ReturnType<typeof standingOf> | undefined
  rollout: AppAnswer['wanted'][string]['rollout'] | undefined
}

/** What runs in the environment now, what is under way there, and what the deploy will wait for. */
export function BeginStanding({ standing, rollout }: BeginStandingProps) {
  const { say } = useSay()
  const { say: sayMark } = useSayMark()
  if (!standing) return null
  const { runs, underWay } = standing
  return (
    <div className="quiet">
      <p>
        {runs
          ? say('begin.runs', { image: imageText(runs.reference), version: runs.version })
          : say('begin.runsNothing')}
      </p>
      {underWay && (
        <p className="warned">
          <DeployLink change={{ page: 'deploys', deploy: underWay.id }}>
            {say('begin.underWay', { name: deployName(underWay, sayMark) })}
          </DeployLink>
        </p>
      )}
      {rollout?.approval && <p>{say('begin.approval')}</p>}
      {rollout?.breakpoint && <p>{say(`begin.pauses.${rollout.breakpoint}`)}</p>}
    </div>
  )
}
