import { type ReactNode, useEffect, useRef } from 'react'
import { usePage } from '../state/page.ts'

/** What stands here, and what the tab is called; whoever came here by a link of the page goes on from it. */
export function Heading({ title, children }: { title: string; children: ReactNode }) {
  const { history } = usePage()
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = title
  }, [title])
  useEffect(() => {
    if (history.entry.get().pushed) heading.current?.focus({ preventScroll: true })
  }, [history])
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  )
}
