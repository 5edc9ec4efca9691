import type { Look } from '../list/look.ts'
import type { DeployRow } from '../list/row-kinds.ts'
import { useSetView } from '../state/page.ts'
import { useSayMark } from './mark-words.ts'
import { deployName } from './name.ts'

/** A deploy as a row between the lines; leads to the whole of it. */
export function DeployWords({ row: { deploy, time }, look }: { row: DeployRow; look: Look }) {
  const { say } = useSayMark()
  const setView = useSetView()
  return (
    <>
      <span aria-hidden="true">⚑ </span>
      {say('began', { time: look.clock.second(time), name: deployName(deploy, say) })}
      <span className="fact">{say(deploy.state)}</span>
      <button type="button" className="link" onClick={() => setView({ page: 'deploys', deploy: deploy.id })}>
        {say('open')}
      </button>
    </>
  )
}
