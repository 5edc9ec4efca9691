import './deploys.css'
import { Boundary } from '../shell/boundary.tsx'
import { useView } from '../state/page.ts'
import { Definition } from './definition.tsx'
import { History } from './history.tsx'
import { One } from './one.tsx'

/** What was deployed, one deploy, or what an app is defined to be. */
export function Deploys() {
  const { page, deploy } = useView()
  return (
    <main className="main deploys">
      <Boundary>
        {page === 'definition' ? (
          <Definition />
        ) : deploy === '' ? (
          <History />
        ) : (
          <One key={deploy} id={deploy} />
        )}
      </Boundary>
    </main>
  )
}
