// biome-ignore-all lint/a11y/useSemanticElements: a list of which only a part is drawn is no table
// biome-ignore-all lint/a11y/useFocusableInteractive: one row of the grid can be tabbed to, keys reach the others
import { lazy, Suspense, useMemo, useRef, useState } from 'react'
import { usePage, useSettings, useView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { useLanguage } from '../words/index.ts'
import { useSpansDays } from './days.ts'
import { Divider } from './divider.tsx'
import { Edge } from './edge.tsx'
import type { Feed } from './feed.ts'
import type { Find } from './find.ts'
import { useRowFocus } from './focus.ts'
import { useGestures } from './gestures.ts'
import { useLook } from './look.ts'
import type { Mark } from './marks.ts'
import { useMoves } from './moving.ts'
import { Opened, useReveal } from './opened.tsx'
import { usePaging } from './paging.ts'
import { usePin } from './pin.ts'
import { RecordLine } from './row.tsx'
import { Sight } from './sight.ts'
import { useVirtual } from './virtual.ts'
import { useWidth } from './width.ts'

/** Over the row that is pointed at. */
const RowActions = lazy(async () => ({ default: (await import('../later.ts')).RowActions }))

/** Room before the first and behind the last row, for what is to be said there, and where nothing is; in px. */
const EDGE = 32
const BARE_EDGE = 8

interface GridProps {
  feed: Feed
  find: Find
  hits: (text: string) => readonly Mark[]
}

/** The list: a grid of which only what can be seen is drawn. One per feed. */
export function Grid({ feed, find, hits }: GridProps) {
  const { t } = useLanguage()
  const { explorer, history } = usePage()
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
  const look = useLook(useWidth(scroller), useSpansDays(feed, version))

  const { order } = view
  const openedKey = isOpen && (settings.record === 'below' || look.sheet.narrow) ? selected : ''
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows change in place; their version tells
  const sight = useMemo(() => new Sight(feed.rows, order, openedKey), [feed, order, openedKey, version])
  const selectedAt = useMemo(() => sight.indexOf(feed.rows, selected), [sight, feed, selected])
  const tabbableAt = selectedAt >= 0 ? selectedAt : order === 'down' ? sight.count - 1 : 0

  const [above, below] = order === 'down' ? (['older', 'newer'] as const) : (['newer', 'older'] as const)
  const edgeHeight = (side: 'older' | 'newer') =>
    side === 'newer' && status.newer.kind === 'end' ? BARE_EDGE : EDGE
  const edges = { above: edgeHeight(above), below: edgeHeight(below) }

  const virtualizer = useVirtual({ scroller, sight, look, unfolded, tabbableAt, edges })
  const frame = { feed, sight, virtualizer, scroller, order }
  const { pin, lastTop } = usePin(frame, look.sheet)
  const wantsFocus = useRowFocus(scroller, selected, selectedAt)
  usePaging(frame, pin)
  useReveal(frame, pin, openedKey)
  const moves = useMoves({ ...frame, selectedAt, pin, wantsFocus, find, hits, look })
  const gestures = useGestures(frame, pin, lastTop)

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
    const key = keyAt(target)
    if (key === undefined || target.closest('a')) return
    const act = target.closest<HTMLElement>('[data-act]')?.dataset['act']
    if (act === 'unfold' || act === 'fold') return toggleFold(key)
    if (target.closest('button')) return
    const selection = document.getSelection()
    if (selection && !selection.isCollapsed) return
    const isRecord = feed.rows.has(key)
    const closes = isOpen && key === selected
    feed.tail?.pause(isRecord && !closes ? 'opened' : 'focused')
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
      {...gestures}
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
            const key = keyAt(event.target as HTMLElement)
            if (key !== undefined && key !== hovered) setHovered(key)
          }}
          onFocus={(event) => {
            const key = (event.target as HTMLElement).dataset['key']
            if (key === undefined || key === selected) return
            feed.tail?.pause('focused')
            explorer.select(key, feed.rows.has(key))
          }}
        >
          {items.map(({ index, key, start }) => {
            const seen = sight.at(index)
            if (!seen) return null
            const ref = virtualizer.measureElement
            const { row } = seen
            if (seen.kind === 'detail')
              return <Opened key={key} ref={ref} row={row} look={look} index={index} top={start} />
            const place = {
              index,
              ariaIndex: index + 1,
              top: start,
              selected: index === selectedAt,
              tabbable: index === tabbableAt
            }
            if (row.kind !== 'record') {
              return (
                <Divider
                  key={key}
                  ref={ref}
                  row={row}
                  look={look}
                  manyApps={view.app === '' && view.ctx === ''}
                  onLoad={(range) => void feed.fill(range)}
                  {...place}
                />
              )
            }
            return (
              <RecordLine
                key={key}
                ref={ref}
                record={row.record}
                look={look}
                unfolded={unfolded.has(row.key)}
                hits={hits}
                find={found.text}
                current={found.at?.key === row.key ? found.at.mark : undefined}
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
          top={total - edges.below}
          onLoad={() => void feed.load(below)}
        />
        {actionItem && actionRecord && (
          <Suspense>
            <RowActions record={actionRecord} top={actionItem.start} onContext={moves.openContext} />
          </Suspense>
        )}
      </div>
    </div>
  )
}

/** Of the row that an element stands in. */
function keyAt(element: HTMLElement): string | undefined {
  return element.closest<HTMLElement>('[data-key]')?.dataset['key']
}
