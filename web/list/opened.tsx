// biome-ignore-all lint/a11y/useSemanticElements: a list of which only a part is drawn is no table
// biome-ignore-all lint/a11y/useFocusableInteractive: one row of the grid can be tabbed to, keys reach the others
/** An opened record below its row. */
import { lazy, type Ref, type RefObject, Suspense, useEffect, useEffectEvent } from 'react'
import { useStore } from '../state/store.ts'
import type { Frame } from './frame.ts'
import { DETAIL_HEIGHT } from './heights.ts'
import type { Look } from './look.ts'
import type { Pin } from './pin.ts'
import type { Row } from './rows.ts'

/** An opened record has been drawn and measured by then. */
const REVEAL_MS = 80

const detail = () => import('../later.ts')
const RecordDetail = lazy(async () => ({ default: (await detail()).RecordDetail }))

interface OpenedProps {
  ref: Ref<HTMLDivElement>
  row: Row
  look: Look
  index: number
  /** In px from the first row. */
  top: number
}

export function Opened({ ref, row, look, index, top }: OpenedProps) {
  return (
    <div
      ref={ref}
      role="row"
      aria-rowindex={index + 1}
      data-index={index}
      className="row detail-row"
      style={{ transform: `translateY(${top}px)` }}
    >
      <div role="gridcell" className="detail-cell">
        {row.kind === 'record' && (
          <Suspense fallback={<div style={{ height: DETAIL_HEIGHT }} />}>
            <RecordDetail record={row.record} look={look} />
          </Suspense>
        )}
      </div>
    </div>
  )
}

/**
 * A record that opens below the edge of the frame comes into it, its row on top where it is longer.
 * @param openedKey '' where none is open below its row.
 */
export function useReveal(
  { feed, sight, virtualizer, scroller }: Frame,
  pin: RefObject<Pin>,
  openedKey: string
): void {
  const phase = useStore(feed.status, (status) => status.phase)
  const reveal = useEffectEvent(() => {
    const element = scroller.current
    const at = sight.indexOf(feed.rows, openedKey)
    const [row, below] = [virtualizer.measurementsCache[at], virtualizer.measurementsCache[at + 1]]
    if (!element || !row || !below || pin.current?.kind === 'row') return
    const hidden = below.end - element.scrollTop - element.clientHeight
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
    if (phase === 'shown') requestIdleCallback(() => void detail(), { timeout: 5000 })
  }, [phase])
}
