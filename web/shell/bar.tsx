import { useState } from 'react'
import { usePage, useSetView, useView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { ZoneMenu } from '../time/zone-menu.tsx'
import { useLanguage } from '../words/index.ts'
import { Dialog } from './dialog.tsx'
import { Icon } from './icon.tsx'
import { LeaveButton } from './leave.tsx'
import { PageLinks } from './pages.tsx'
import { LanguageChoice, ThemeChoice } from './preferences.tsx'

/** The bar at the lower edge of a narrow screen, where thumbs are. */
export function ToolBar({ onFilters }: { onFilters: () => void }) {
  const { t } = useLanguage()
  const page = usePage()
  const { live } = useView()
  const setView = useSetView()
  return (
    <nav className="tool-bar" aria-label={t('bar.label')}>
      <button type="button" onClick={onFilters}>
        <Icon name="filter" /> {t('bar.filter')}
      </button>
      <button type="button" aria-pressed={live} onClick={() => setView({ live: !live })}>
        <Icon name="play" filled={live} /> {t('bar.live')}
      </button>
      <span className="tool-pair">
        <span aria-hidden="true">{t('bar.errors')}</span>
        <button
          type="button"
          aria-label={t('bar.errorUp')}
          onClick={() => page.commands.run('error-previous')}
        >
          <Icon name="up" />
        </button>
        <button type="button" aria-label={t('bar.errorDown')} onClick={() => page.commands.run('error-next')}>
          <Icon name="down" />
        </button>
      </span>
      <More />
    </nav>
  )
}

/** The same on the pages that are no list of lines: the way to the others. */
export function PageBar() {
  const { t } = useLanguage()
  return (
    <nav className="tool-bar" aria-label={t('bar.label')}>
      <PageLinks />
      <More />
    </nav>
  )
}

function More() {
  const { t } = useLanguage()
  const page = usePage()
  const { page: here } = useView()
  const name = useStore(page.fleet, ({ status }) => status?.login?.name)
  const [more, setMore] = useState(false)
  return (
    <>
      <button type="button" onClick={() => setMore(true)}>
        <Icon name="more" /> {t('bar.more')}
      </button>
      {more && (
        <Dialog title={t('bar.more')} shape="sheet" onClose={() => setMore(false)}>
          <div className="more-sheet">
            {here === 'logs' && <PageLinks />}
            <button
              type="button"
              className="framed"
              onClick={() => {
                setMore(false)
                page.dialog.set('jump')
              }}
            >
              <Icon name="search" /> {t('jump.open')}
            </button>
            <ZoneMenu />
            <LanguageChoice />
            <ThemeChoice />
            {name !== undefined && <LeaveButton name={name} />}
            <button
              type="button"
              className="framed"
              onClick={() => {
                setMore(false)
                page.dialog.set('help')
              }}
            >
              <Icon name="help" /> {t('help.open')}
            </button>
          </div>
        </Dialog>
      )}
    </>
  )
}
