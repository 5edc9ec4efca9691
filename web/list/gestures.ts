/** What the reader's hands do to the list: scrolling up pauses the tail, its newest end follows, text is marked. */
import { type PointerEvent, type RefObject, useEffect, useRef, type WheelEvent } from 'react'
import { usePage } from '../state/page.ts'
import type { Frame } from './frame.ts'
import type { Pin } from './pin.ts'
import type { Sight } from './sight.ts'

/** A scroll event this soon after a wheel, touch or key is the reader's doing. */
const HAND_MS = 800

/** Handlers of the element that scrolls. */
export function useGestures(
  { feed, sight, virtualizer, scroller, order }: Frame,
  pin: RefObject<Pin>,
  lastTop: RefObject<number>
) {
  const { explorer, history } = usePage()
  const { tail } = feed
  const byHandMs = useRef(0)

  const markPlace = () => {
    const element = scroller.current
    if (!element || feed !== explorer.feed.get()) return
    const isAtNewest = order === 'down' && feed.status.get().newer.kind === 'end' && isAtEnd(element)
    const item = isAtNewest ? undefined : firstRecord(virtualizer.getVirtualItems(), element.scrollTop, sight)
    const anchor = item && { id: item.id, offset: item.start - element.scrollTop }
    const old = history.entry.get().anchor
    if (old?.id !== anchor?.id || old?.offset !== anchor?.offset) history.mark({ anchor })
  }

  /** Only what scrolling paused; a record that was opened or marked stays until the reader says so. */
  const follow = () => {
    const reading = tail?.status.get().reading
    if (reading?.kind === 'paused' && reading.why === 'scrolled') tail?.follow()
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

  const byHand = () => {
    byHandMs.current = Date.now()
    pin.current = undefined
  }

  const onWheel = ({ deltaY }: WheelEvent) => {
    byHand()
    if (tail && (order === 'down' ? deltaY < 0 : deltaY > 0)) tail.pause('scrolled')
  }

  useEffect(() => {
    if (!tail) return
    const marked = () => {
      const selection = document.getSelection()
      const inside = selection && !selection.isCollapsed && scroller.current?.contains(selection.anchorNode)
      if (inside) tail.pause('marked')
    }
    document.addEventListener('selectionchange', marked)
    return () => document.removeEventListener('selectionchange', marked)
  }, [tail, scroller])

  return {
    onScroll,
    onWheel,
    onTouchMove: byHand,
    onPointerDown: byHand,
    onPointerMove: ({ buttons }: PointerEvent) => buttons !== 0 && byHand()
  }
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
