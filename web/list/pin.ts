/** Where the list stands while rows come, heights change and the frame is another: nothing jumps under the eye. */
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef } from 'react'
import { usePage } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import type { Feed } from './feed.ts'
import type { Frame } from './frame.ts'
import type { Sheet } from './measure.ts'

/** So long a record is held at its place while its neighbours are measured. */
export const PIN_MS = 400

/** Where the list is to stand while rows are still coming: at its newest end, or with a record at its place. */
export type Pin = { kind: 'newest' } | { kind: 'row'; id: string; offset: number | undefined } | undefined

/** `lastTop` is where the list was put, or scrolled, last. */
export function usePin(
  { feed, sight, virtualizer, scroller, order }: Frame,
  sheet: Sheet
): { pin: RefObject<Pin>; lastTop: RefObject<number> } {
  const { history } = usePage()
  const { tail } = feed
  const phase = useStore(feed.status, (status) => status.phase)
  const pin = useRef<Pin>(startPin(feed, history.entry.get().anchor))
  const lastTop = useRef(0)

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

  useLayoutEffect(placeNow)

  // Once the record stands where it belongs and its neighbours are measured, the reader has the list.
  useEffect(() => {
    if (phase !== 'shown') return
    const timer = setTimeout(letGo, PIN_MS)
    return () => clearTimeout(timer)
  }, [phase, letGo])

  // Where the frame's height changes, the end stays the end.
  const placeSoon = useRef(placeNow)
  placeSoon.current = placeNow
  useEffect(() => {
    const element = scroller.current
    if (!element) return
    const observer = new ResizeObserver(() => placeSoon.current())
    observer.observe(element)
    return () => observer.disconnect()
  }, [scroller])

  useEffect(
    () => tail?.status.subscribe(() => tail.status.get().reading.kind === 'following' && placeSoon.current()),
    [tail]
  )

  return { pin, lastTop }
}

function startPin(feed: Feed, anchor: { id: string; offset: number } | undefined): Pin {
  if (anchor && feed.rows.has(anchor.id)) return { kind: 'row', id: anchor.id, offset: anchor.offset }
  if (feed.place) return { kind: 'row', id: feed.place.id, offset: feed.place.offset }
  return { kind: 'newest' }
}
