import { lazy, Suspense, useState } from 'react'
import { useSetView, useView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { durationText } from '../time/format.ts'
import { usePageZone } from '../time/page-zone.ts'
import { useLanguage } from '../words/index.ts'
import { Clock } from './clock.ts'
import type { Feed } from './feed.ts'
import { msBetween, shifted } from './order.ts'

const ListMenu = lazy(async () => ({ default: (await import('../later.ts')).ListMenu }))
const Sentence = lazy(async () => ({ default: (await import('../ledger/sentence.tsx')).Sentence }))

/** How many lines, searched how far, and everything that may be missing, each by its name. */
export function Notes({ feed }: { feed: Feed }) {
  const { t, locale } = useLanguage()
  const { live } = useView()
  const setView = useSetView()
  const status = useStore(feed.status)
  const clock = new Clock(usePageZone())
  const [hidden, setHidden] = useState(false)
  useStore(feed.rows.version)
  const { count } = feed.rows
  const oldest = feed.rows.first()
  const isWhole = status.older.kind === 'end' && status.newer.kind === 'end' && status.behind.length === 0
  return (
    <div className="notes">
      <span className="summary">
        {status.phase === 'asking' ? (
          <>
            {oldest ? t('list.searchingTo', { time: clock.second(oldest.time) }) : t('list.searching')}{' '}
            <button type="button" className="link" onClick={() => feed.cancel()}>
              {t('page.cancel')}
            </button>
          </>
        ) : status.phase === 'shown' && (count > 0 || isWhole) && !live && status.from && status.to ? (
          t(isWhole ? 'list.summary' : 'list.summaryAtLeast', {
            count,
            span: durationText(msBetween(status.from, status.to), locale),
            ms: Math.max(1, Math.round(status.tookMs))
          })
        ) : status.phase === 'shown' && live ? (
          t('speak.found', { count })
        ) : status.phase === 'shown' ? (
          t('list.noneYet')
        ) : null}
      </span>
      <Suspense>
        <Sentence feed={feed} />
      </Suspense>
      {status.missing && <span className="note amber">{t('list.missing')}</span>}
      {status.error && status.phase === 'shown' && (
        <span className="note amber">{t('list.failed', { reason: status.error.message })}</span>
      )}
      {status.older.kind === 'stopped' && (
        <span className="note">
          {t('list.searchedTo', { time: clock.second(status.older.at) })}{' '}
          <button type="button" className="link" onClick={() => void feed.load('older')}>
            {t('list.continue')}
          </button>
        </span>
      )}
      {status.unreadable.length > 0 && !hidden && (
        <span className="note amber" role="alert">
          {t('list.unreadable', {
            count: status.unreadable.length,
            reason: status.unreadable.map((part) => `${part.part}: ${part.reason}`).join('; ')
          })}{' '}
          <button type="button" className="link" onClick={() => setHidden(true)}>
            {t('page.close')}
          </button>
        </span>
      )}
      {!live &&
        status.behind.map((host) => (
          <span className="note" key={host.host}>
            {t('list.behind', {
              host: host.hostName,
              ago: durationText(host.behindMs, locale),
              time: status.hubTime
                ? clock.second(shifted(status.hubTime, -BigInt(host.behindMs) * 1_000_000n))
                : '?'
            })}
          </span>
        ))}
      {status.movesFailed && <span className="note">{t('list.movesFailed')}</span>}
      <span className="spring" />
      <Suspense
        fallback={
          <button type="button" disabled>
            {t('look.open')}
          </button>
        }
      >
        <ListMenu feed={feed} onOrder={() => setView({ order: feed.view.order === 'up' ? 'down' : 'up' })} />
      </Suspense>
    </div>
  )
}
