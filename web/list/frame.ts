import type { RefObject } from 'react'
import type { Feed } from './feed.ts'
import type { Sight } from './sight.ts'
import type { Virtual } from './virtual.ts'

/** The list as it is drawn now. */
export interface Frame {
  feed: Feed
  sight: Sight
  virtualizer: Virtual
  scroller: RefObject<HTMLDivElement | null>
  order: 'down' | 'up'
}
