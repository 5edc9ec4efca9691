import '../theme/layout.css'
import { lazy, type ReactNode, Suspense, useEffect, useLayoutEffect, useState } from 'react'
import { usePage, useSettings, useView } from '../state/page.ts'
import { applyTheme } from '../theme/theme.ts'
import { markDocument, useLanguage } from '../words/index.ts'
import { Boundary } from './boundary.tsx'
import { Dialog } from './dialog.tsx'
import { Icon } from './icon.tsx'
import { useRoom } from './media.ts'
import { Resizer, sizeOf } from './resizer.tsx'
import { Scope } from './scope.tsx'

const ToolBar = lazy(async () => ({ default: (await import('../later.ts')).ToolBar }))
const PageBar = lazy(async () => ({ default: (await import('../later.ts')).PageBar }))

interface Slots {
  header: ReactNode
  /** What is left of it in a narrow window. */
  narrowHeader: ReactNode
  query: ReactNode
  time: ReactNode
  live: ReactNode
  filters: ReactNode
  /** Histogram, or the bar of the live tail. */
  above: ReactNode
  main: ReactNode
  /** An opened record, where it stands beside the list. */
  beside: ReactNode
  /** Another page in place of the question and what answers it. */
  instead: ReactNode
}

const FILTERS = { start: 236, min: 160, max: 480 }
const BESIDE = { start: 480, min: 300, max: 1000 }

/** Where everything stands: panes in a wide window, sheets and a bar below in a narrow one. */
export function Layout(slots: Slots) {
  const { t, language } = useLanguage()
  const room = useRoom()
  const { app } = useView()
  const page = usePage()
  const [settings] = useSettings()
  const [filtersOpen, setFiltersOpen] = useState(false)

  useLayoutEffect(applyTheme, [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the document is told whenever the language is another.
  useLayoutEffect(markDocument, [language])
  const isLogs = slots.instead === undefined
  useEffect(() => {
    // what stands instead has a title of its own
    if (isLogs) document.title = app === '' ? t('page.titleAll') : t('page.title', { app })
  }, [app, t, isLogs])

  const filters = sizeOf(settings.panes, 'filters', FILTERS.start, FILTERS.min, FILTERS.max)
  const beside = sizeOf(settings.panes, 'beside', BESIDE.start, BESIDE.min, BESIDE.max)
  return (
    <div
      className={`page ${room}`}
      style={{ '--filters-width': `${filters}px`, '--beside-width': `${beside}px` } as React.CSSProperties}
    >
      {isLogs && (
        <button type="button" className="skip" onClick={() => page.commands.run('focus-list')}>
          {t('page.skipToList')}
        </button>
      )}
      <Boundary>{room === 'narrow' ? slots.narrowHeader : slots.header}</Boundary>
      {slots.instead ?? (
        <>
          <search className="ask">
            {room !== 'wide' && room !== 'narrow' && (
              <button type="button" className="framed" onClick={() => setFiltersOpen(true)}>
                <Icon name="filter" /> {t('page.filters')}
              </button>
            )}
            <Scope />
            <div className="ask-query">
              <Boundary>{slots.query}</Boundary>
            </div>
            <div className="ask-time">
              <Boundary>{slots.time}</Boundary>
            </div>
            <div className="ask-live">{slots.live}</div>
          </search>
          <div className="panes">
            {room === 'wide' && (
              <aside className="filters-place" aria-label={t('page.filters')}>
                <div className="filters">
                  <Boundary>{slots.filters}</Boundary>
                </div>
                <Resizer pane="filters" label={t('page.resizeFilters')} line="vertical" {...FILTERS} />
              </aside>
            )}
            <main className="main" aria-label={t('page.main')}>
              <h1 className="hidden-text">{app === '' ? t('page.titleAll') : t('page.title', { app })}</h1>
              <div className="above">
                <Boundary>{slots.above}</Boundary>
              </div>
              <div className="list-place">
                <Boundary>{slots.main}</Boundary>
              </div>
            </main>
            <aside className="beside-place" aria-label={t('record.label')}>
              <Resizer pane="beside" label={t('page.resizeRecord')} line="vertical" behind {...BESIDE} />
              <div className="beside">
                <Boundary>{slots.beside}</Boundary>
              </div>
            </aside>
          </div>
        </>
      )}
      {room === 'narrow' && (
        <Suspense>{isLogs ? <ToolBar onFilters={() => setFiltersOpen(true)} /> : <PageBar />}</Suspense>
      )}
      {filtersOpen && room !== 'wide' && (
        <Dialog title={t('page.filters')} shape="sheet" onClose={() => setFiltersOpen(false)}>
          <Boundary>{slots.filters}</Boundary>
        </Dialog>
      )}
    </div>
  )
}
