import { useEffect, useState } from 'react'
import { useCommand, usePage, useSetView, useView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { durationText } from '../time/format.ts'
import { useLanguage } from '../words/index.ts'
import type { Connection } from './status.ts'
import type { LiveTail } from './tail.ts'

/** Hosts that are this close are not worth a word. */
const CLOSE_MS = 100

/** The head of the live tail: whether it follows, how fast lines come, which host is behind. */
export function LiveBar() {
  const { tail } = useStore(usePage().explorer.feed)
  return tail ? <TailBar tail={tail} /> : null
}

function TailBar({ tail }: { tail: LiveTail }) {
  const { t, locale } = useLanguage()
  const { app } = useView()
  const setView = useSetView()
  const status = useStore(tail.status)
  useCommand('newest', () => {
    tail.follow()
    return false
  })
  const isFollowing = status.reading.kind === 'following'
  const behind = status.hosts.filter((host) => host.behindMs >= CLOSE_MS)
  return (
    <div className="live-bar">
      {app !== '' && <strong>{app}</strong>}
      <span className={`live-state ${status.connection.kind === 'open' && isFollowing ? 'on' : ''}`}>
        <span aria-hidden="true">{status.connection.kind !== 'open' ? '○' : isFollowing ? '●' : '❚❚'} </span>
        <ConnectionWords connection={status.connection} isFollowing={isFollowing} />
      </span>
      {status.connection.kind === 'open' && (
        <span className="quiet">{t('live.rate', { count: status.perSecond })}</span>
      )}
      {behind.map((host) => (
        <span key={host.host} className={host.behindMs > 5000 ? 'note amber' : 'quiet'}>
          {t('live.behind', { host: host.hostName, span: durationText(host.behindMs, locale) })}
        </span>
      ))}
      <span className="spring" />
      {status.connection.kind === 'broken' && (
        <button type="button" className="framed" onClick={() => tail.retry()}>
          {t('page.tryAgain')}
        </button>
      )}
      <button
        type="button"
        className="framed"
        onClick={() => (isFollowing ? tail.pause('asked') : tail.follow())}
      >
        {isFollowing ? t('live.pause') : t('live.follow')}
      </button>
      <button type="button" onClick={() => setView({ live: false })}>
        {t('live.stop')}
      </button>
    </div>
  )
}

function ConnectionWords({ connection, isFollowing }: { connection: Connection; isFollowing: boolean }) {
  const { t } = useLanguage()
  const seconds = useSecondsTo(connection.kind === 'broken' ? connection.retryAtMs : undefined)
  switch (connection.kind) {
    case 'connecting':
      return t('live.connecting')
    case 'open':
      return isFollowing ? t('live.following') : t('live.paused')
    case 'broken':
      return <span className="note amber">{t('live.reconnecting', { seconds })}</span>
    case 'hidden':
      return t('live.hidden')
    case 'ended':
      return <span className="note amber">{t('live.ended', { reason: connection.error.message })}</span>
  }
}

function useSecondsTo(atMs: number | undefined): number {
  const [nowMs, setNowMs] = useState(Date.now())
  useEffect(() => {
    if (atMs === undefined) return
    setNowMs(Date.now())
    const timer = setInterval(() => setNowMs(Date.now()), 500)
    return () => clearInterval(timer)
  }, [atMs])
  return Math.max(0, Math.ceil(((atMs ?? 0) - nowMs) / 1000))
}
