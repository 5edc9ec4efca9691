import { HubError } from '../api/client.ts'
import { usePage, useSetView, useView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { usePageZone } from '../time/page-zone.ts'
import { useLanguage } from '../words/index.ts'
import { Clock } from './clock.ts'
import type { Feed } from './feed.ts'
import { useNearest } from './nearest.ts'

/** Why there is nothing to read, and the nearest way to something. */
export function Empty({ feed }: { feed: Feed }) {
  const { t } = useLanguage()
  const page = usePage()
  const view = useView()
  const setView = useSetView()
  const status = useStore(feed.status)
  const fleet = useStore(page.fleet)
  const isLossy = useStore(feed.missing, (missing) => missing?.verdict === 'gaps')
  const nearest = useNearest(feed)
  const clock = new Clock(usePageZone())

  if (status.phase === 'failed') {
    const isQuery = status.error instanceof HubError && status.error.code === 'DRIFTLOG_QUERY'
    return (
      <div className="empty">
        <p role="alert">{t('list.failed', { reason: status.error?.message ?? '' })}</p>
        {!isQuery && (
          <p>
            <button type="button" className="framed" onClick={page.ask}>
              {t('page.tryAgain')}
            </button>
          </p>
        )}
      </div>
    )
  }
  if (fleet.status?.hosts === 0 && fleet.status.store.records === 0) {
    return (
      <div className="empty">
        <p>
          {fleet.status.join
            ? t('list.firstStart')
            : fleet.status.open
              ? t('list.firstStartLocal')
              : t('list.firstStartAsk')}
        </p>
        {fleet.status.join ? (
          <pre className="command">{fleet.status.join}</pre>
        ) : fleet.status.open ? (
          <pre className="command">driftlog up --host 0.0.0.0</pre>
        ) : null}
      </div>
    )
  }
  if (feed.tail) return <p className="empty quiet">{t('live.nothingYet')}</p>

  const now = status.hubTime ?? new Date().toISOString()
  const app = fleet.apps.find(
    (known) => known.app === view.app && (view.environment === '' || known.environment === view.environment)
  )
  const isSilent =
    view.q === '' &&
    app?.lastRecord !== undefined &&
    status.from !== undefined &&
    app.lastRecord < status.from
  const isWhole = status.older.kind === 'end' && status.behind.length === 0
  return (
    <div className="empty">
      <p>
        {!isWhole
          ? status.behind.length > 0
            ? t('list.noneBehind', { count: status.behind.length })
            : t('list.noneYet')
          : isSilent && app?.lastRecord
            ? app.running > 0
              ? t('list.silentRunning', {
                  app: view.app,
                  time: clock.short(app.lastRecord, now),
                  count: app.running,
                  hosts: app.hosts.join(', ')
                })
              : t('list.silent', { app: view.app, time: clock.short(app.lastRecord, now) })
            : t(isLossy ? 'list.noneLossy' : 'list.none')}
      </p>
      {nearest && (
        <p>
          {t('list.nearest', { time: clock.short(nearest, now) })}{' '}
          <button type="button" className="link" onClick={() => setView(around(nearest ?? now))}>
            {t('list.goThere')}
          </button>
        </p>
      )}
      {nearest !== null && (
        <p>
          <button type="button" className="framed" onClick={() => setView({ from: 'now-24h', to: 'now' })}>
            {t('list.widenDay')}
          </button>
        </p>
      )}
    </div>
  )
}

/** Half an hour around a moment. */
function around(time: string): { from: string; to: string } {
  const ms = Date.parse(time)
  return { from: new Date(ms - 900_000).toISOString(), to: new Date(ms + 900_000).toISOString() }
}
