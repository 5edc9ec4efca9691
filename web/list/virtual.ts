/** Which rows are drawn, and where: those that can be seen and some around them. */
import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual'
import { type RefObject, useCallback } from 'react'
import { heightOf } from './heights.ts'
import type { Look } from './look.ts'
import type { Sight } from './sight.ts'

const OVERSCAN = 12

export type Virtual = Virtualizer<HTMLDivElement, Element>

interface Wiring {
  scroller: RefObject<HTMLDivElement | null>
  sight: Sight
  look: Look
  unfolded: ReadonlySet<string>
  /** Of the row that has the focus, or would get it. */
  tabbableAt: number
  /** Before the first and behind the last row, in px. */
  edges: { above: number; below: number }
}

export function useVirtual({ scroller, sight, look, unfolded, tabbableAt, edges }: Wiring): Virtual {
  return useVirtualizer({
    count: sight.count,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => heightOf(sight.at(index), look, unfolded),
    getItemKey: useCallback((index: number) => sight.keyAt(index), [sight]),
    overscan: OVERSCAN,
    anchorTo: 'end',
    paddingStart: edges.above,
    paddingEnd: edges.below,
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
}
