import type { MouseEvent } from 'react'
import { useSetView, useView } from '../state/page.ts'
import { NO_DEPLOY, urlOf } from '../state/view.ts'
import { useLanguage } from '../words/index.ts'

/** The other pages, over the same environment and app; the question is kept for the way back. */
export function PageLinks() {
  const { t } = useLanguage()
  const view = useView()
  const setView = useSetView()
  const links = [
    { page: 'logs', name: t('page.logs') },
    { page: 'deploys', name: t('page.deploys') }
  ] as const
  return links.map(({ page, name }) => {
    const change = { page, ...NO_DEPLOY }
    const isHere = page === 'logs' ? view.page === 'logs' : view.page !== 'logs'
    return (
      <a
        key={page}
        className="page-link"
        href={urlOf({ ...view, ...change })}
        aria-current={isHere ? 'page' : undefined}
        onClick={(event) => followLink(event, () => setView(change))}
      >
        {name}
      </a>
    )
  })
}

/** A link within the page: other keys and buttons keep what browsers do with them. */
export function followLink(event: MouseEvent, go: () => void): void {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return
  event.preventDefault()
  go()
}
