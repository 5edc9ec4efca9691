import { type RefObject, useEffect } from 'react'
import { useStore } from '../state/store.ts'
import type { Frame } from './frame.ts'
import type { Pin } from './pin.ts'

/** The reader is near an end: so much before it the next page is asked for. */
const NEAR_PX = 1000

/** Loads more as the reader gets near an end; a context is widened by hand. */
export function usePaging({ feed, scroller, order }: Frame, pin: RefObject<Pin>): void {
  const status = useStore(feed.status)
  useEffect(() => {
    const element = scroller.current
    if (!element || status.phase !== 'shown' || feed.view.ctx !== '' || pin.current?.kind === 'row') return
    const atTop = element.scrollTop < NEAR_PX
    const atBottom = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX
    const isOlder = order === 'down' ? atTop : atBottom
    const isNewer = order === 'down' ? atBottom : atTop
    if (isOlder && status.older.kind === 'more') void feed.load('older')
    if (isNewer && status.newer.kind === 'more') void feed.load('newer')
  })
}
