import './list.css'
import { lazy, Suspense, useLayoutEffect, useMemo, useRef } from 'react'
import { useCommand, usePage, useView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import type { Feed } from './feed.ts'
import { Find } from './find.ts'
import { FindBar } from './find-bar.tsx'
import { Grid } from './grid.tsx'
import { hitsOf } from './hits.ts'
import { Notes } from './notes.tsx'
import { Speaker } from './speaker.tsx'

const ContextBar = lazy(async () => ({ default: (await import('../later.ts')).ContextBar }))
const Empty = lazy(async () => ({ default: (await import('../later.ts')).Empty }))
const Pill = lazy(async () => ({ default: (await import('../later.ts')).Pill }))
const MarkedMenu = lazy(async () => ({ default: (await import('../later.ts')).MarkedMenu }))

/** The log lines of the present question, with what is to be said of them. */
export function List() {
  const page = usePage()
  const { q, ctx } = useView()
  const feed = useStore(page.explorer.feed)
  const phase = useStore(feed.status, (status) => status.phase)
  const count = useStore(feed.rows.version, () => feed.rows.items.length)
  const find = useMemo(() => new Find(), [])
  const isFinding = useStore(find.state, (state) => state.open)
  const hits = useMemo(() => hitsOf(q), [q])
  useCommand('find', () => {
    // a second time is for the browser's own
    if (isFinding && document.activeElement?.classList.contains('find-field')) return false
    find.open()
    document.querySelector<HTMLInputElement>('.find-field')?.select()
    return true
  })
  const number = useFeedNumber(feed)
  const isEmpty = count === 0 && (phase !== 'asking' || feed.tail !== undefined)
  const frame = useRef<HTMLDivElement>(null)
  const hasFocus = useRef(false)
  // What had the focus may be gone with the rows before; it stays in the list, never falls to the page's body.
  // biome-ignore lint/correctness/useExhaustiveDependencies: these say that other rows stand here
  useLayoutEffect(() => {
    if (!hasFocus.current || document.activeElement !== document.body) return
    const grid = frame.current?.querySelector<HTMLElement>('[role="grid"]')
    ;(grid ?? frame.current)?.focus({ preventScroll: true })
  }, [number, isEmpty])
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only watches where the focus is
    <div
      className="list"
      onFocus={() => {
        hasFocus.current = true
      }}
      onBlur={() => {
        hasFocus.current = false
      }}
    >
      {ctx === '' ? (
        <Notes feed={feed} />
      ) : (
        <Suspense>
          <ContextBar feed={feed} />
        </Suspense>
      )}
      {isFinding && <FindBar find={find} feed={feed} />}
      <div className="list-frame" ref={frame} tabIndex={-1}>
        {!isEmpty && <Grid key={number} feed={feed} find={find} hits={hits} />}
        <Suspense>
          {isEmpty && <Empty feed={feed} />}
          {feed.tail && <Pill feed={feed} tail={feed.tail} />}
          {phase === 'shown' && <MarkedMenu />}
        </Suspense>
      </div>
      <Speaker feed={feed} />
    </div>
  )
}

/** Another feed gets another grid, so that nothing of the old one's places lives on. */
function useFeedNumber(feed: Feed): number {
  const known = useRef<{ feed: Feed; number: number }>({ feed, number: 0 })
  if (known.current.feed !== feed) known.current = { feed, number: known.current.number + 1 }
  return known.current.number
}
