import type { Check } from '../../server/deploys/deploy.ts'
import { momentText } from '../time/format.ts'
import { usePageZone } from '../time/page-zone.ts'
import { byText } from './by.ts'
import { useSay } from './words.ts'

/** What CI said of the image. */
export function Checks({ checks }: { checks: readonly Check[] }) {
  const { say } = useSay()
  const zone = usePageZone()
  if (checks.length === 0) return null
  return (
    <section aria-label={say('checks')}>
      <h2>{say('checks')}</h2>
      <ul className="slots">
        {checks.map(({ name, passed, url, text, atMs, by }) => (
          <li key={name}>
            <strong>{name}</strong>
            <span className="slot-state" data-state={passed ? 'new' : 'failed'}>
              <span aria-hidden="true">{passed ? '✓' : '✗'}</span> {passed ? say('passed') : say('notPassed')}
            </span>
            <span className="quiet">
              {say('list.by', { by: byText(by, say), time: momentText(atMs, zone, Date.now()) })}
            </span>
            {url !== undefined && (
              <a href={url} target="_blank" rel="noopener noreferrer">
                {say('checkLink')}
              </a>
            )}
            {text !== undefined && <p className="deploy-why">{text}</p>}
          </li>
        ))}
      </ul>
    </section>
  )
}
