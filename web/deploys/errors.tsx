import type { Deploy } from '../../server/deploys/deploy.ts'
import type { ErrorsAround as Around } from '../../server/deploys/errors-around.ts'
import { useAnswer } from '../state/answer.ts'
import { usePage, useSetView } from '../state/page.ts'
import { pathOf } from './ask.ts'
import { useSay } from './words.ts'

const MINUTES = 30

/** Did it get worse? Two numbers, and the way to the lines behind them. */
export function ErrorsAround({ deploy }: { deploy: Deploy }) {
  const { say, locale } = useSay()
  const setView = useSetView()
  const { client } = usePage()
  const { id, state } = deploy
  // asked again when the deploy stands otherwise
  const { answer: around, error } = useAnswer(
    (signal) => client.json<Around>(`${pathOf(id)}/errors`, { minutes: MINUTES }, signal),
    [id, state]
  )
  const rate = (value: number) => new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format(value)
  const show = ({ q, fromMs, toMs }: Around) =>
    setView({
      page: 'logs',
      deploy: '',
      app: deploy.app,
      environment: deploy.environment,
      q,
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
      live: false,
      at: '',
      ctx: ''
    })
  return (
    <section aria-label={say('errors')}>
      <h2>{say('errors')}</h2>
      {error && (
        <p className="failed" role="alert">
          {say('errors.failed', { reason: error.message })}
        </p>
      )}
      {around && (
        <>
          <dl className="errors-around">
            <div>
              <dt>{say('errors.before')}</dt>
              <dd>
                {say('errors.rate', { rate: rate(around.before.perMinute), count: around.before.errors })}
              </dd>
            </div>
            <div>
              <dt>{say('errors.after')}</dt>
              <dd>
                {say('errors.rate', { rate: rate(around.after.perMinute), count: around.after.errors })}
              </dd>
            </div>
          </dl>
          {!around.complete && <p className="warned">{say('errors.incomplete')}</p>}
          <button type="button" className="framed" onClick={() => show(around)}>
            {say('errors.open', { minutes: MINUTES })}
          </button>
        </>
      )}
    </section>
  )
}
