import { useState } from 'react'
import { usePage } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { Begin } from './begin.tsx'
import { useSay } from './words.ts'

/** Opens the form that begins a deploy, for those who may. `version` of the definition; 0: the newest. */
export function BeginButton({ version }: { version: number }) {
  const { say } = useSay()
  const mayDeploy = useStore(usePage().fleet, ({ status }) => status?.mayDeploy === true)
  const [isOpen, setOpen] = useState(false)
  if (!mayDeploy) return null
  return (
    <>
      <button type="button" className="framed" onClick={() => setOpen(true)}>
        {say('begin.open')}
      </button>
      {isOpen && <Begin version={version} onClose={() => setOpen(false)} />}
    </>
  )
}
