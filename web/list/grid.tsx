// biome-ignore-all lint/a11y/useSemanticElements: a list of which only a part is drawn is no table
// biome-ignore-all lint/a11y/useFocusableInteractive: one row of the grid can be tabbed to, keys reach the others
import { useVirtualizer } from '@tanstack/react-virtual'
import {
  lazy,
  Suspense,
  useCallback,
  useEffect,
  useEffectEvent,
  useLayoutEffect,
  useMemo,
  useRef,
  useState
} from 'react'
import type { RecordJson } from '../../server/api.ts'
import { usePage, useSettings, useView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { useLanguage } from '../words/index.ts'
import { RowActions } from './actions.tsx'
import { Divider } from './divider.tsx'
import { Edge } from './edge.tsx'
import type { Feed } from './feed.ts'
import type { Find } from './find.ts'
import { type Look, useLook } from './look.ts'
import type { Mark } from './marks.ts'
import { rowHeight } from './measure.ts'
import { useMoves } from './moving.ts'
import { RecordLine } from './row.tsx'
import type { Row } from './rows.ts'
import { Sight } from './sight.ts'

const detail = () => import('../later.ts')
const RecordDetail = lazy(async () => ({ default: (await detail()).RecordDetail }))

/** Room before the first and behind the last row, for what is to be said there, and where nothing is. */
const EDGE = 32
const BARE_EDGE = 8
const OVERSCAN = 12
const DETAIL_HEIGHT = 340
/** The reader is near an end: so much before it the next page is asked for. */
const NEAR_PX = 1000
/** A scroll event this soon after a wheel, touch or key is the reader's doing. */
const HAND_MS = 800
const DIVIDER_HEIGHT = 28
/** An opened record has been drawn and measured by then. */
const REVEAL_MS = 80
/** So long a record is held at its place while its neighbours are measured. */
const PIN_MS = 400

/** Where the list is to stand while rows are still coming: at its newest end, or with a record at its place. */
export type Pin = { kind: 'newest' } | { kind: 'row'; id: string; offset: number | undefined } | undefined

/** The list: a grid of which only what can be seen is drawn. One per feed. */
export function Grid({
  feed,
  find,
  hits
}: {
  feed: Feed
  find: Find
  hits: (text: string) => readonly Mark[]
}) {
  const { t } = useLanguage()
  const page = usePage()
  const { explorer, history } = page
  const view = useView()
  const [settings] = useSettings()
  const version = useStore(feed.rows.version)
  const status = useStore(feed.status)
  const selected = useStore(explorer.selected)
  const isOpen = useStore(history.entry, (entry) => entry.open === true)
  const found = useStore(find.state)
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set())
  const [hovered, setHovered] = useState('')
  const scroller = useRef<HTMLDivElement>(null)
  const width = useWidth(scroller)
  const look = useLook(width, useSpansDays(feed, version))

  const { order } = view
  const openedKey = isOpen && (settings.record === 'below' || look.sheet.narrow) ? selected : ''
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows change in place; their version tells
  const sight = useMemo(() => new Sight(feed.rows, order, openedKey), [feed, order, openedKey, version])
  const selectedAt = useMemo(() => sight.indexOf(feed.rows, selected), [sight, feed, selected])
  const tabbableAt = selectedAt >= 0 ? selectedAt : order === 'down' ? sight.count - 1 : 0

  const [above, below] = order === 'down' ? (['older', 'newer'] as const) : (['newer', 'older'] as const)
  const edgeHeight = (side: 'older' | 'newer') =>
    side === 'newer' && status.newer.kind === 'end' ? BARE_EDGE : EDGE

  const virtualizer = useVirtualizer({
    count: sight.count,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => heightOf(sight.at(index), look, unfolded),
    getItemKey: useCallback((index: number) => sight.keyAt(index), [sight]),
    overscan: OVERSCAN,
    anchorTo: 'end',
    paddingStart: edgeHeight(above),
    paddingEnd: edgeHeight(below),
    rangeExtractor: useCallback(
      ({ startIndex, endIndex, count }: { startIndex: number; endIndex: number; count: number }) => {
        const from = Math.max(0, startIndex - OVERSCAN)
        const to = Math.min(count - 1, endIndex + OVERSCAN)
        const seen = Array.from({ length: to - from + 1 }, (_, i) => from + i)
        // the row that has the focus stays, or the focus would fall to the page's body
        if (tabbableAt >= 0 && tabbableAt < from) seen.unshift(tabbableAt)
        else if (tabbableAt > to && tabbableAt < count) seen.push(tabbableAt)
        return seen
      },
      [tabbableAt]
    )
  })

  const pin = useRef<Pin>(startPin(feed, history.entry.get().anchor))
  // a list that replaces another takes over its focus
  const wantsFocus = useRef(selected !== '' && isOurs(document.activeElement))
  const byHandMs = useRef(0)
  const lastTop = useRef(0)
  const { tail } = feed

  const placeNow = () => {
    const element = scroller.current
    if (!element) return
    const isFollowing = tail?.status.get().reading.kind === 'following'
    const keepsNewest = tail ? isFollowing && pin.current?.kind !== 'row' : pin.current?.kind === 'newest'
    if (keepsNewest) {
      element.scrollTop = order === 'down' ? element.scrollHeight : 0
    } else if (pin.current?.kind === 'row') {
      const index = sight.indexOf(feed.rows, pin.current.id)
      const item = index < 0 ? undefined : virtualizer.measurementsCache[index]
      if (!item) return
      const offset = pin.current.offset ?? (element.clientHeight - item.size) / 2
      element.scrollTop = Math.max(0, item.start - offset)
    }
    lastTop.current = element.scrollTop
  }

  const letGo = useCallback(() => {
    if (pin.current?.kind === 'row') pin.current = undefined
  }, [])

  // Heights of another sheet: all of them are new, the reader stays where the eye is.
  const { sheet } = look
  const drawnSheet = useRef(sheet)
  useLayoutEffect(() => {
    if (drawnSheet.current === sheet) return
    drawnSheet.current = sheet
    const { anchor } = history.entry.get()
    if (!pin.current && anchor) pin.current = { kind: 'row', ...anchor }
    virtualizer.measure()
    const timer = setTimeout(letGo, PIN_MS)
    return () => clearTimeout(timer)
  }, [sheet, virtualizer, history, letGo])

  useLayoutEffect(() => {
    placeNow()
    if (!wantsFocus.current || selectedAt < 0) return
    const row = scroller.current?.querySelector<HTMLElement>(`[data-index="${selectedAt}"]`)
    if (!row) return
    wantsFocus.current = false
    if (isOurs(document.activeElement)) row.focus({ preventScroll: true })
  })

  useEffect(() => {
    const element = scroller.current
    if (!element || status.phase !== 'shown' || view.ctx !== '' || pin.current?.kind === 'row') return
    const atTop = element.scrollTop < NEAR_PX
    const atBottom = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX
    const isOlder = order === 'down' ? atTop : atBottom
    const isNewer = order === 'down' ? atBottom : atTop
    if (isOlder && status.older.kind === 'more') void feed.load('older')
    if (isNewer && status.newer.kind === 'more') void feed.load('newer')
  })

  // Once the record stands where it belongs and its neighbours are measured, the reader has the list.
  useEffect(() => {
    if (status.phase !== 'shown') return
    const timer = setTimeout(letGo, PIN_MS)
    return () => clearTimeout(timer)
  }, [status.phase, letGo])

  // A record that opens below the edge of the frame comes into it, its row on top where it is longer.
  const reveal = useEffectEvent(() => {
    const element = scroller.current
    const at = sight.indexOf(feed.rows, openedKey)
    const [row, detail] = [virtualizer.measurementsCache[at], virtualizer.measurementsCache[at + 1]]
    if (!element || !row || !detail || pin.current?.kind === 'row') return
    const hidden = detail.end - element.scrollTop - element.clientHeight
    if (hidden > 0 && row.start >= element.scrollTop)
      element.scrollTop += Math.min(hidden, row.start - element.scrollTop)
  })
  useEffect(() => {
    if (openedKey === '') return
    const timer = setTimeout(reveal, REVEAL_MS)
    return () => clearTimeout(timer)
  }, [openedKey])

  // By the time that a record is opened its code is there.
  useEffect(() => {
    if (status.phase === 'shown') requestIdleCallback(() => void detail(), { timeout: 5000 })
  }, [status.phase])

  const markPlace = () => {
    const element = scroller.current
    if (!element || feed !== explorer.feed.get()) return
    const isAtNewest = order === 'down' && status.newer.kind === 'end' && isAtEnd(element)
    const item = isAtNewest ? undefined : firstRecord(virtualizer.getVirtualItems(), element.scrollTop, sight)
    const anchor = item && { id: item.id, offset: item.start - element.scrollTop }
    const old = history.entry.get().anchor
    if (old?.id !== anchor?.id || old?.offset !== anchor?.offset) history.mark({ anchor })
  }

  const onScroll = () => {
    const element = scroller.current
    if (!element) return
    const moved = element.scrollTop - lastTop.current
    lastTop.current = element.scrollTop
    const isByHand = Date.now() - byHandMs.current < HAND_MS
    if (tail && isByHand && moved !== 0) {
      const towardsNewest = order === 'down' ? moved > 0 : moved < 0
      if (!towardsNewest) tail.pause('scrolled')
      else if (order === 'down' ? isAtEnd(element) : element.scrollTop <= 1) follow()
    }
    if (isByHand || !tail) markPlace()
  }

  /** Only what scrolling paused; a record that was opened or marked stays until the reader says so. */
  const follow = () => {
    const reading = tail?.status.get().reading
    if (reading?.kind === 'paused' && reading.why === 'scrolled') tail?.follow()
  }

  const byHand = () => {
    byHandMs.current = Date.now()
    pin.current = undefined
  }

  // Where the frame's height changes, the end stays the end.
  const placeSoon = useRef(placeNow)
  placeSoon.current = placeNow
  useEffect(() => {
    const element = scroller.current
    if (!element) return
    const observer = new ResizeObserver(() => placeSoon.current())
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  useEffect(
    () => tail?.status.subscribe(() => tail.status.get().reading.kind === 'following' && placeSoon.current()),
    [tail]
  )

  const moves = useMoves({
    feed,
    sight,
    virtualizer,
    scroller,
    selectedAt,
    pin,
    wantsFocus,
    find,
    hits,
    look,
    order
  })

  useEffect(() => {
    if (!tail) return
    const marked = () => {
      const selection = document.getSelection()
      const inside = selection && !selection.isCollapsed && scroller.current?.contains(selection.anchorNode)
      if (inside) tail.pause('marked')
    }
    document.addEventListener('selectionchange', marked)
    return () => document.removeEventListener('selectionchange', marked)
  }, [tail])

  const toggleFold = (id: string) => {
    setUnfolded((old) => {
      const next = new Set(old)
      if (!next.delete(id)) next.add(id)
      return next
    })
    virtualizer.measure()
  }

  const onClick = (event: React.MouseEvent) => {
    const target = event.target as HTMLElement
    const key = target.closest<HTMLElement>('[data-key]')?.dataset['key']
    if (key === undefined || target.closest('a')) return
    const act = target.closest<HTMLElement>('[data-act]')?.dataset['act']
    if (act === 'unfold' || act === 'fold') return toggleFold(key)
    if (target.closest('button')) return
    const selection = document.getSelection()
    if (selection && !selection.isCollapsed) return
    const isRecord = feed.rows.has(key)
    const closes = isOpen && key === selected
    tail?.pause(isRecord && !closes ? 'opened' : 'focused')
    explorer.select(key, isRecord)
    if (isRecord) history.mark({ open: !closes })
    wantsFocus.current = true
  }

  const items = virtualizer.getVirtualItems()
  const actionKey = hovered !== '' ? hovered : selected
  const actionItem = items.find((item) => item.key === actionKey)
  const actionRecord = feed.rows.record(actionKey)
  const total = virtualizer.getTotalSize()
  const isCounted = status.older.kind === 'end' && status.newer.kind === 'end'
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the grid inside has the role; here only gestures are heard
    <div
      ref={scroller}
      className={`scroller ${settings.density}`}
      onScroll={onScroll}
      onWheel={(event) => {
        byHand()
        if (tail && (order === 'down' ? event.deltaY < 0 : event.deltaY > 0)) tail.pause('scrolled')
      }}
      onTouchMove={byHand}
      onPointerDown={byHand}
      onPointerMove={(event) => event.buttons !== 0 && byHand()}
      onMouseLeave={() => setHovered('')}
    >
      <div className="rows-place" style={{ height: total }}>
        <Edge
          end={status[above]}
          side={above}
          look={look}
          from={status.from}
          top={0}
          onLoad={() => void feed.load(above)}
        />
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: the page's keys do the same, see keys/ */}
        <div
          role="grid"
          aria-label={t('list.label')}
          aria-rowcount={isCounted ? sight.count : -1}
          aria-busy={status.phase === 'asking'}
          tabIndex={-1}
          onClick={onClick}
          onMouseOver={(event) => {
            const key = (event.target as HTMLElement).closest<HTMLElement>('[data-key]')?.dataset['key']
            if (key !== undefined && key !== hovered) setHovered(key)
          }}
          onFocus={(event) => {
            const key = (event.target as HTMLElement).dataset['key']
            if (key === undefined || key === selected) return
            tail?.pause('focused')
            explorer.select(key, feed.rows.has(key))
          }}
        >
          {items.map((item) => {
            const seen = sight.at(item.index)
            if (!seen) return null
            const place = {
              index: item.index,
              ariaIndex: item.index + 1,
              top: item.start,
              selected: item.index === selectedAt,
              tabbable: item.index === tabbableAt
            }
            if (seen.kind === 'detail') {
              return (
                <div
                  key={item.key}
                  ref={virtualizer.measureElement}
                  role="row"
                  aria-rowindex={place.ariaIndex}
                  data-index={item.index}
                  className="row detail-row"
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  <div role="gridcell" className="detail-cell">
                    {seen.row.kind === 'record' && (
                      <Suspense fallback={<div style={{ height: DETAIL_HEIGHT }} />}>
                        <RecordDetail record={seen.row.record} look={look} />
                      </Suspense>
                    )}
                  </div>
                </div>
              )
            }
            if (seen.row.kind !== 'record') {
              return (
                <Divider
                  key={item.key}
                  ref={virtualizer.measureElement}
                  row={seen.row}
                  look={look}
                  manyApps={view.app === '' && view.ctx === ''}
                  onLoad={(row) => void feed.fill(row)}
                  {...place}
                />
              )
            }
            return (
              <RecordLine
                key={item.key}
                ref={virtualizer.measureElement}
                record={seen.row.record}
                look={look}
                unfolded={unfolded.has(seen.row.key)}
                hits={hits}
                find={found.text}
                current={found.at?.key === seen.row.key ? found.at.mark : undefined}
                {...place}
              />
            )
          })}
        </div>
        <Edge
          end={status[below]}
          side={below}
          look={look}
          from={status.from}
          top={total - edgeHeight(below)}
          onLoad={() => void feed.load(below)}
        />
        {actionItem && actionRecord && (
          <RowActions record={actionRecord} top={actionItem.start} onContext={moves.openContext} />
        )}
      </div>
    </div>
  )
}

function startPin(feed: Feed, anchor: { id: string; offset: number } | undefined): Pin {
  if (anchor && feed.rows.has(anchor.id)) return { kind: 'row', id: anchor.id, offset: anchor.offset }
  if (feed.place) return { kind: 'row', id: feed.place.id, offset: feed.place.offset }
  return { kind: 'newest' }
}

function heightOf(
  seen: { kind: 'row' | 'detail'; row: Row } | undefined,
  look: Look,
  unfolded: ReadonlySet<string>
): number {
  if (!seen) return look.sheet.lineHeight
  if (seen.kind === 'detail') return DETAIL_HEIGHT
  const { row } = seen
  if (row.kind !== 'record') return DIVIDER_HEIGHT
  if (unfolded.size > 0 && unfolded.has(row.key)) return rowHeight(row.record, look.sheet, true)
  if (row.drawn?.sheet !== look.sheet) {
    row.drawn = { sheet: look.sheet, height: rowHeight(row.record, look.sheet, false) }
  }
  return row.drawn.height
}

/** Nobody else has the focus. */
function isOurs(focused: Element | null): boolean {
  return focused === null || focused === document.body || focused.closest('.list') !== null
}

function isAtEnd(element: HTMLElement): boolean {
  return element.scrollHeight - element.scrollTop - element.clientHeight <= 2
}

function firstRecord(
  items: readonly { index: number; start: number; end: number }[],
  top: number,
  sight: Sight
): { id: string; start: number } | undefined {
  for (const item of items) {
    if (item.end <= top) continue
    const seen = sight.at(item.index)
    if (seen?.kind === 'row' && seen.row.kind === 'record') return { id: seen.row.key, start: item.start }
  }
  return undefined
}

/** True where the loaded rows lie on more than one day of UTC. */
function useSpansDays(feed: Feed, version: number): boolean {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows change in place; their version tells
  return useMemo(() => {
    const day = (record: RecordJson | undefined) => record?.time.slice(0, 10)
    return day(feed.rows.first()) !== day(feed.rows.last())
  }, [feed, version])
}

function useWidth(ref: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    const element = ref.current
    if (!element) return
    setWidth(element.clientWidth)
    const observer = new ResizeObserver(() => setWidth(element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [ref])
  return width
}
