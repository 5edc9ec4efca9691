import { useState } from 'react'
import type { AppJson } from '../../server/api/fleet.ts'
import { usePage, useSetView, useView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { useLanguage } from '../words/index.ts'
import { grouped } from './group.ts'
import { Section } from './section.tsx'

/** So few need no search. */
const FEW = 8
const SHOWN = 12

/** Every app, wherever its instances run; under its environment where several are shown. */
export function Apps() {
  const { t } = useLanguage()
  const { environment, app } = useView()
  const { apps } = useStore(usePage().fleet)
  const [text, setText] = useState('')
  const [all, setAll] = useState(false)
  const here = apps.filter((known) => environment === '' || known.environment === environment)
  const found = here.filter((known) => known.app.toLowerCase().includes(text.trim().toLowerCase()))
  const shown = all ? found : found.slice(0, SHOWN)
  const groups = [...grouped(shown, (known) => known.environment)].sort(([a], [b]) => a.localeCompare(b))
  const several = new Set(here.map((known) => known.environment)).size > 1
  return (
    <Section title={t('facet.apps')}>
      {here.length > FEW && (
        <input
          type="search"
          className="facet-search"
          aria-label={t('facet.searchApps')}
          placeholder={t('facet.searchApps')}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      )}
      {here.length === 0 && <p className="quiet">{t('facet.noApps')}</p>}
      {groups.map(([name, members]) => (
        <div key={name}>
          {several && name !== '' && <h3 className="facet-group">{name}</h3>}
          <ul>
            {members.map((known) => (
              <App
                key={known.app}
                known={known}
                chosen={known.app === app && (environment !== '' || !several)}
              />
            ))}
          </ul>
        </div>
      ))}
      {found.length > SHOWN && (
        <button type="button" className="link" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? t('facet.fewerValues') : t('facet.moreValues')}
        </button>
      )}
    </Section>
  )
}

function App({ known, chosen }: { known: AppJson; chosen: boolean }) {
  const { t } = useLanguage()
  const setView = useSetView()
  const running = t('facet.running', { running: known.running, count: known.instances })
  return (
    <li>
      <button
        type="button"
        className="facet-row"
        aria-pressed={chosen}
        title={known.pretended ? `${running} · ${t('facet.pretended')}` : running}
        onClick={() =>
          setView(
            chosen
              ? { app: '', at: '', ctx: '' }
              : { app: known.app, environment: known.environment, at: '', ctx: '' }
          )
        }
      >
        <i className={known.running > 0 ? 'runs' : 'rests'} aria-hidden="true" />
        <span className="facet-name">{known.app}</span>
        {known.moves > 0 && (
          <span className="count" title={t('facet.moves', { count: known.moves })}>
            {known.moves}⇄<span className="hidden-text">{t('facet.moves', { count: known.moves })}</span>
          </span>
        )}
        <span className="count">{known.running}</span>
        <span className="hidden-text">{running}</span>
      </button>
    </li>
  )
}
