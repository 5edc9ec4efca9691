import './histogram.css'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { parse } from '../../collector/query/grammar.ts'
import type { HistogramAnswer, RecordJson } from '../../server/api/logs.ts'
import { asError } from '../api/as-error.ts'
import { wasAborted } from '../api/client.ts'
import { Icon } from '../shell/icon.tsx'
import { Resizer, sizeOf } from '../shell/resizer.tsx'
import { usePage, useSettings, useView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { searchKeyOf } from '../state/view.ts'
import { durationText, momentText } from '../time/format.ts'
import { usePageZone } from '../time/page-zone.ts'
import { useLanguage } from '../words/index.ts'
import { BAR_LIMIT, type Counts, countsOf, STACKS, sumOfBars, withArrivals } from './counts.ts'

/** What draws comes while the hub counts. */
const Bars = lazy(() => import('./bars.tsx').then((module) => ({ default: module.Bars })))
const CountTable = lazy(() => import('./table.tsx').then((module) => ({ default: module.CountTable })))

const HEIGHT = { start: 112, min: 72, max: 400 }
/** Bars narrower than this are hard to hit. */
const BAR_PX = 5
/** Lines of the live tail are counted in together, so that a busy app does not redraw the chart all the time. */
const LIVE_MS = 250

/** Lines over time. It asks for itself: when it fails the list stays, and the other way round. */
export function Histogram() {
  const { t, locale } = useLanguage()
  const [settings] = useSettings()
  const zone = usePageZone()
  const { answer, counts, error, asking, retry } = useHistogram(zone)
  const [table, setTable] = useState(false)
  const height = sizeOf(settings.panes, 'histogram', HEIGHT.start, HEIGHT.min, HEIGHT.max)
  const sums = counts && sumOfBars(counts, 0, counts.edges.length - 2)
  const searchedTo = answer?.coverage.complete === false ? answer.coverage.searchedTo : undefined
  const names = {
    error: t('histogram.errors'),
    warn: t('histogram.warnings'),
    info: t('histogram.info'),
    debug: t('histogram.debug')
  }
  return (
    <section className="histogram" aria-label={t('histogram.label')} aria-busy={asking}>
      <div className="histogram-head">
        <strong>{sums ? t('histogram.total', { count: sums.lines }) : t('histogram.loading')}</strong>
        {sums &&
          STACKS.map((stack) => (
            <span key={stack} className="key">
              <i className={`swatch ${stack}`} aria-hidden="true" />
              {names[stack]}{' '}
              <span className="count">{new Intl.NumberFormat(locale).format(sums[stack])}</span>
            </span>
          ))}
        {searchedTo !== undefined && (
          <span className="warned">
            {t('histogram.searchedTo', { time: momentText(Date.parse(searchedTo), zone, Date.now()) })}
          </span>
        )}
        <span className="spring" />
        {counts && (
          <span className="quiet step">
            {t('histogram.step', { span: durationText(counts.stepMs, locale, 'long') })}
          </span>
        )}
        <button
          type="button"
          className="square"
          aria-pressed={table}
          aria-label={table ? t('histogram.asChart') : t('histogram.asTable')}
          title={table ? t('histogram.asChart') : t('histogram.asTable')}
          onClick={() => setTable(!table)}
        >
          <Icon name={table ? 'chart' : 'table'} />
        </button>
      </div>
      {error ? (
        <div className="failed" role="alert" style={{ minHeight: height }}>
          <p>{t('histogram.failed', { reason: error.message })}</p>
          <button type="button" className="framed" onClick={retry}>
            {t('page.tryAgain')}
          </button>
        </div>
      ) : (
        <Suspense fallback={<div style={{ height }} />}>
          {table && counts ? (
            <CountTable counts={counts} zone={zone} />
          ) : (
            <Bars counts={counts} zone={zone} height={height} searchedTo={searchedTo} dim={asking} />
          )}
        </Suspense>
      )}
      <Resizer pane="histogram" label={t('page.resizeHistogram')} line="horizontal" {...HEIGHT} />
    </section>
  )
}

/** Asks with every question, drops answers that come too late, counts live lines in. */
function useHistogram(zone: string) {
  const page = usePage()
  const view = useView()
  const run = useStore(page.search, (asked) => asked.run)
  const round = useStore(page.login.round)
  const key = searchKeyOf(view)
  const { tail } = useStore(page.explorer.feed)
  const [tries, setTries] = useState(0)
  const [answer, setAnswer] = useState<HistogramAnswer>()
  const [counts, setCounts] = useState<Counts>()
  const [error, setError] = useState<Error>()
  const [asking, setAsking] = useState(true)

  // The answer holds what the hub had when it was asked: of what came since then only the newer is added to it.
  const askedMs = useRef(0)
  const countedTo = useRef<number>(undefined)
  countedTo.current = asking ? undefined : askedMs.current

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the view; run, round and tries ask again.
  useEffect(() => {
    const stop = new AbortController()
    const { q, app, environment, from, to } = page.history.view.get()
    // A query that cannot run is told beside the query; what stands here stays.
    if (!parse(q).ok) return setAsking(false)
    const buckets = Math.max(20, Math.min(BAR_LIMIT, Math.floor(innerWidth / (BAR_PX + 1))))
    setAsking(true)
    askedMs.current = Date.now()
    page.client.histogram({ q, app, environment, from, to, buckets, zone }, stop.signal).then(
      (next) => {
        if (stop.signal.aborted) return
        setAnswer(next)
        setCounts(countsOf(next))
        setError(undefined)
        setAsking(false)
      },
      (reason: unknown) => {
        if (stop.signal.aborted || wasAborted(reason)) return
        setError(asError(reason))
        setAsking(false)
      }
    )
    return () => stop.abort()
  }, [page, key, run, round, zone, tries])

  useEffect(() => {
    if (!tail) return
    let waiting: RecordJson[] = []
    let added = 0
    const leave = tail.arrivals.subscribe(() => {
      waiting.push(...tail.arrivals.get())
    })
    const timer = setInterval(() => {
      const to = countedTo.current
      if (waiting.length === 0 || to === undefined) return
      const arrivals = added === to ? waiting : waiting.filter(({ received }) => Date.parse(received) >= to)
      added = to
      waiting = []
      setCounts((old) => old && withArrivals(old, arrivals))
    }, LIVE_MS)
    return () => {
      leave()
      clearInterval(timer)
    }
  }, [tail])

  return { answer, counts, error, asking, retry: () => setTries(tries + 1) }
}
