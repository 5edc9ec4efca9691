import type { ReactNode } from 'react'
import { followLink } from '../shell/pages.tsx'
import { useSetView, useView } from '../state/page.ts'
import { NO_DEPLOY, urlOf, type View } from '../state/view.ts'

/** A link within the page, with an address of its own that can be opened elsewhere. */
export function DeployLink({ change, children }: { change: Partial<View>; children: ReactNode }) {
  const view = useView()
  const setView = useSetView()
  const next = { ...NO_DEPLOY, ...change }
  return (
    <a href={urlOf({ ...view, ...next })} onClick={(event) => followLink(event, () => setView(next))}>
      {children}
    </a>
  )
}
