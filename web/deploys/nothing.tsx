import { useView } from '../state/page.ts'
import { useSay } from './words.ts'

/** Nothing was deployed yet, and what to do first. */
export function Nothing({ app }: { app: string }) {
  const { say } = useSay()
  return (
    <div className="deploys-none">
      <p>{say('none')}</p>
      <FirstSteps app={app} />
    </div>
  )
}

/** How an app gets its definition. */
export function FirstSteps({ app }: { app: string }) {
  const { say } = useSay()
  const { environment } = useView()
  const name = app === '' ? 'orders' : app
  const into = environment === '' ? 'staging' : environment
  return (
    <>
      <p>{say('noneHow')}</p>
      <pre>{`driftlog app put ${name}.yaml\ndriftlog deploy ${name} --environment ${into} --follow`}</pre>
    </>
  )
}
