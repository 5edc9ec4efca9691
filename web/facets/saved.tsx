import { useAskQuery } from '../query/ask.ts'
import { forgetQuery, useSaved } from '../query/saved.ts'
import { Icon } from '../shell/icon.tsx'
import { usePage, useView } from '../state/page.ts'
import { useLanguage } from '../words/index.ts'
import { Section } from './section.tsx'

export function Saved() {
  const { t } = useLanguage()
  const page = usePage()
  const { q } = useView()
  const ask = useAskQuery()
  const saved = useSaved()
  return (
    <Section title={t('facet.saved')}>
      {saved.length === 0 && <p className="quiet">{t('facet.noSaved')}</p>}
      <ul>
        {saved.map((query) => (
          <li key={query.name} className="facet-row">
            <button
              type="button"
              className="facet-name value"
              aria-pressed={query.q === q}
              title={query.q}
              onClick={() => ask(query.q)}
            >
              {query.name}
            </button>
            <button
              type="button"
              className="square"
              aria-label={t('query.savedRemove', { name: query.name })}
              onClick={() => {
                forgetQuery(query.name)
                page.toast(t('query.savedRemoved', { name: query.name }))
              }}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
    </Section>
  )
}
