// The chart's own file has no styles with it, so that it can be fetched again where that was cut off.
import 'uplot/dist/uPlot.min.css'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { usePage, useSetView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { onColours } from '../theme/theme.ts'
import { momentText } from '../time/format.ts'
import { useLanguage } from '../words/index.ts'
import type { Chart } from './chart.ts'
import { barAt, type Counts, highestBar, rangeOfBars, sumOfBars } from './counts.ts'
import { GUTTER } from './gutter.ts'
import { MarkStrip } from './mark-strip.tsx'
import { useMarks } from './marks.ts'

/** What could not be fetched is fetched again after so long. */
const AGAIN_MS = 3000
/** Where everything is complete there is no strip, and nothing of it is fetched. */
const LedgerStrip = lazy(async () => ({ default: (await import('../ledger/strip.tsx')).LedgerStrip }))

interface BarsProps {
  counts: Counts | undefined
  zone: string
  height: number
  searchedTo: string | undefined
  dim: boolean
}

/** The chart with its keys: arrows choose a bar, Shift extends, Enter zooms in. Dragging does both at once. */
export function Bars({ counts, zone, height, searchedTo, dim }: BarsProps) {
  const { t } = useLanguage()
  const setView = useSetView()
  const [chosen, setChosen] = useState<{ anchor: number; head: number }>()
  const { place, width } = useChart(counts, zone, chosen, {
    onDrag: (fromMs, toMs) => {
      if (!counts) return
      const bars = { anchor: barAt(counts, fromMs), head: barAt(counts, toMs) }
      setChosen(bars)
      zoom(bars)
    },
    onPress: (ms) => {
      if (!counts) return
      const bar = barAt(counts, ms)
      setChosen({ anchor: bar, head: bar })
    }
  })
  const zoom = ({ anchor, head }: { anchor: number; head: number }) => {
    if (!counts) return
    const { fromMs, toMs } = rangeOfBars(counts, anchor, head)
    setChosen(undefined)
    setView({
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
      live: false,
      at: '',
      ctx: ''
    })
  }
  const range = counts && rangeOfBars(counts, 0, counts.edges.length - 2)
  const marks = useMarks(range)
  const missing = useStore(useStore(usePage().explorer.feed).missing)
  const plot = Math.max(1, width - GUTTER.left - GUTTER.right)

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset holds form controls; this is a chart with keys.
    <div
      className={dim ? 'bars dim' : 'bars'}
      style={{ '--plot-height': `${height}px` } as React.CSSProperties}
      role="group"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the chart is reached and read by keyboard.
      tabIndex={0}
      aria-label={`${t('histogram.label')}. ${t('histogram.help')}`}
      onKeyDown={(event) => {
        if (!counts || event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey)
          return
        const last = counts.edges.length - 2
        const from = chosen?.head ?? (event.key === 'ArrowRight' ? -1 : last + 1)
        const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last }[event.key]
        if (to !== undefined) {
          const head = Math.max(0, Math.min(last, to))
          setChosen({ anchor: event.shiftKey && chosen ? chosen.anchor : head, head })
        } else if (event.key === 'Enter' && chosen) zoom(chosen)
        else if (event.key === 'Escape' && chosen) setChosen(undefined)
        else return
        event.preventDefault()
        event.stopPropagation()
      }}
    >
      {range && (
        <MarkStrip
          marks={marks}
          fromMs={range.fromMs}
          toMs={range.toMs}
          zone={zone}
          width={plot}
          left={GUTTER.left}
        />
      )}
      <div className="plot" ref={place} style={{ height }} />
      {range && missing && missing.verdict !== 'complete' && (
        <Suspense>
          <LedgerStrip
            answer={missing}
            fromMs={range.fromMs}
            toMs={range.toMs}
            width={plot}
            left={GUTTER.left}
          />
        </Suspense>
      )}
      {range && searchedTo !== undefined && (
        <div
          className="not-searched"
          style={{
            left: GUTTER.left,
            width: `${plot * Math.max(0, Math.min(1, (Date.parse(searchedTo) - range.fromMs) / (range.toMs - range.fromMs)))}px`
          }}
        />
      )}
      <p className="bars-says" role="status">
        {counts && chosen && <Chosen counts={counts} chosen={chosen} zone={zone} />}
      </p>
    </div>
  )
}

function Chosen({
  counts,
  chosen,
  zone
}: {
  counts: Counts
  chosen: { anchor: number; head: number }
  zone: string
}) {
  const { t } = useLanguage()
  const nowMs = Date.now()
  const { fromMs, toMs } = rangeOfBars(counts, chosen.anchor, chosen.head)
  const sums = sumOfBars(counts, chosen.anchor, chosen.head)
  const ends = { from: momentText(fromMs, zone, nowMs), to: momentText(toMs, zone, nowMs), count: sums.lines }
  if (chosen.anchor !== chosen.head) return t('histogram.chosen', ends)
  return t('histogram.bar', { ...ends, errors: sums.error, warnings: sums.warn })
}

interface Pointer {
  onDrag: (fromMs: number, toMs: number) => void
  onPress: (ms: number) => void
}

/** Loads the chart, keeps its size, colours and data. The y scale grows while one answer is shown and never shrinks. */
function useChart(
  counts: Counts | undefined,
  zone: string,
  chosen: { anchor: number; head: number } | undefined,
  pointer: Pointer
) {
  const { locale } = useLanguage()
  const place = useRef<HTMLDivElement>(null)
  const [chart, setChart] = useState<Chart>()
  const [width, setWidth] = useState(0)
  const [colours, setColours] = useState(0)
  const highest = useRef({ firstEdge: Number.NaN, lines: 0 })
  const latest = useRef(pointer)
  latest.current = pointer

  useEffect(() => {
    const stop = new AbortController()
    onColours(() => setColours((times) => times + 1), stop.signal)
    return () => stop.abort()
  }, [])

  // biome-ignore lint/correctness/useExhaustiveDependencies: other colours need another chart.
  useEffect(() => {
    let made: Chart | undefined
    let left = false
    let again = 0
    const show = (module: typeof import('./chart.ts')) => {
      if (left || !place.current) return
      made = new module.Chart({
        place: place.current,
        zone,
        locale,
        onDrag: (fromMs, toMs) => latest.current.onDrag(fromMs, toMs),
        onPress: (ms) => latest.current.onPress(ms)
      })
      setChart(made)
    }
    const load = () => {
      // Cut off at just this moment, it would be missing for as long as the page lives.
      import('./chart.ts').then(show, () => {
        if (!left) again = window.setTimeout(load, AGAIN_MS)
      })
    }
    load()
    return () => {
      left = true
      window.clearTimeout(again)
      made?.destroy()
      setChart(undefined)
    }
  }, [zone, locale, colours])

  useEffect(() => {
    const watched = place.current
    if (!watched) return
    const observer = new ResizeObserver(([entry]) => {
      if (!entry) return
      setWidth(entry.contentRect.width)
      chart?.resize(entry.contentRect.width, entry.contentRect.height)
    })
    observer.observe(watched)
    return () => observer.disconnect()
  }, [chart])

  useEffect(() => {
    if (!chart || !counts) return
    const top = highestBar(counts)
    const firstEdge = counts.edges[0] ?? 0
    const grown = firstEdge === highest.current.firstEdge ? Math.max(top, highest.current.lines) : top
    highest.current = { firstEdge, lines: grown }
    chart.show(counts, grown)
  }, [chart, counts])

  useEffect(() => {
    chart?.choose(counts && chosen && rangeOfBars(counts, chosen.anchor, chosen.head))
  }, [chart, counts, chosen])

  return { place, width }
}
