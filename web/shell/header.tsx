import { lazy, Suspense } from 'react'
import { usePage, useSetView, useView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { START_VIEW } from '../state/view.ts'
import { ZoneMenu } from '../time/zone-menu.tsx'
import { useLanguage } from '../words/index.ts'
import { Icon } from './icon.tsx'
import { followLink, PageLinks } from './pages.tsx'
import { LanguageChoice, ThemeSwitch } from './preferences.tsx'

const MAC = /mac|iphone|ipad/i.test(globalThis.navigator?.platform ?? '')

export function Header() {
  const { t } = useLanguage()
  const page = usePage()
  const { status } = useStore(page.fleet)
  return (
    <header className="header">
      <HomeLink />
      <nav aria-label="Driftlog">
        <PageLinks />
      </nav>
      <DemoMark />
      <span className="spring" />
      {status && status.hosts > 0 && (
        <span className="quiet hosts-live">
          {t('page.hostsLive', { live: status.liveHosts, count: status.hosts })}
        </span>
      )}
      <button type="button" className="jump-open" onClick={() => page.dialog.set('jump')}>
        {t('jump.open')} <kbd>{MAC ? '⌘K' : 'Ctrl K'}</kbd>
      </button>
      <ZoneMenu />
      <LanguageChoice />
      <ThemeSwitch />
      <Leave />
      <button
        type="button"
        className="square"
        aria-label={t('help.open')}
        title={`${t('help.open')} (?)`}
        onClick={() => page.dialog.set('help')}
      >
        <Icon name="help" />
      </button>
    </header>
  )
}

const LeaveButton = lazy(async () => ({ default: (await import('../later.ts')).LeaveButton }))

/** The way out; there only while somebody is logged in. */
function Leave() {
  const name = useStore(usePage().fleet, ({ status }) => status?.login?.name)
  return (
    name !== undefined && (
      <Suspense>
        <LeaveButton name={name} />
      </Suspense>
    )
  )
}

/** A played fleet is called so wherever it is shown. */
export function DemoMark() {
  const { t } = useLanguage()
  const { status } = useStore(usePage().fleet)
  if (!status?.demo) return null
  return (
    <span className="demo">
      {status.demoReason ? t('page.demoBecause', { reason: status.demoReason }) : t('page.demo')}
    </span>
  )
}

/** The name of the thing; leads to everything, newest first. */
function HomeLink() {
  const setView = useSetView()
  const { order, cols, n, tz } = useView()
  return (
    <a
      className="brand"
      href="/-/-/logs"
      onClick={(event) => followLink(event, () => setView({ ...START_VIEW, order, cols, n, tz }))}
    >
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <path d="M2 4.5h7M2 8h12M7 11.5h7" />
      </svg>
      Driftlog
    </a>
  )
}
