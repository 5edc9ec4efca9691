import { useState } from 'react'
import type { Deploy } from '../../server/deploys/deploy.ts'
import { usePage, useSetView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { type Action, act } from './ask.ts'
import { Confirm } from './confirm.tsx'
import { Promote } from './promote.tsx'
import { useSay } from './words.ts'

/** What a person can do about a deploy, by how it stands. */
const ACTIONS: Record<Deploy['state'], readonly (Action | 'promote')[]> = {
  waiting: ['approve', 'stop'],
  running: ['stop', 'rollback'],
  paused: ['resume', 'rollback'],
  'rolling-back': [],
  succeeded: ['promote', 'rollback'],
  'rolled-back': ['retry'],
  failed: ['retry'],
  cancelled: ['retry']
}

/** Buttons for those who may deploy; each asks once more, except for the one that stops. */
export function Actions({ deploy, onDone }: { deploy: Deploy; onDone: () => void }) {
  const { say } = useSay()
  const page = usePage()
  const setView = useSetView()
  const mayDeploy = useStore(page.fleet, ({ status }) => status?.mayDeploy === true)
  const [asked, setAsked] = useState<Exclude<Action, 'stop'> | 'promote'>()
  const actions = ACTIONS[deploy.state]
  if (!mayDeploy || actions.length === 0) return null
  const take = async (action: Action) => {
    const { id } = await act(page.client, deploy.id, action)
    page.toast(say(`did.${action}`))
    if (id === deploy.id) onDone()
    else setView({ page: 'deploys', deploy: id })
  }
  const stop = () =>
    void take('stop').catch((error: unknown) => {
      page.toast(error instanceof Error ? error.message : String(error), 'failed')
    })
  const { app, environment } = deploy
  return (
    <div className="deploy-actions">
      {actions.map((action) => (
        <button
          key={action}
          type="button"
          className="framed"
          onClick={() => (action === 'stop' ? stop() : setAsked(action))}
        >
          {say(`do.${action}`)}
        </button>
      ))}
      {asked === 'promote' && <Promote deploy={deploy} onClose={() => setAsked(undefined)} />}
      {asked !== undefined && asked !== 'promote' && (
        <Confirm
          title={say(`do.${asked}`)}
          label={say(`do.${asked}`)}
          words={say(`sure.${asked}`, { app, environment })}
          onConfirm={() => take(asked)}
          onClose={() => setAsked(undefined)}
        />
      )}
    </div>
  )
}
