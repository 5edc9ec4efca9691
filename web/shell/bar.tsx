import { useState } from 'react'
import { usePage, useSetView, useView } from '../state/page.ts'
import { ZoneMenu } from '../time/zone-menu.tsx'
import { useLanguage } from '../words/index.ts'
import { Dialog } from './dialog.tsx'
import { Leave } from './header.tsx'
import { Icon } from './icon.tsx'
import { LanguageChoice, ThemeChoice } from './preferences.tsx'

/** The bar at the lower edge of a narrow screen, where thumbs are. */
export function ToolBar({ onFilters }: { onFilters: () => void }) {
  const { t } = useLanguage()
  const page = usePage()
  const { live } = useView()
  const setView = useSetView()
  const [more, setMore] = useState(false)
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
      <button type="button" onClick={() => setMore(true)}>
        <Icon name="more" /> {t('bar.more')}
      </button>
      {more && (
        <Dialog title={t('bar.more')} shape="sheet" onClose={() => setMore(false)}>
          <div className="more-sheet">
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
            <Leave />
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
    </nav>
  )
}
