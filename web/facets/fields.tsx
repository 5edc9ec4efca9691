import { useState } from 'react'
import { builtInOf, parsedName } from '../../collector/query/grammar.ts'
import { useShownField } from '../query/shown-field.ts'
import { ValueMenu } from '../query/value-menu.tsx'
import { Icon } from '../shell/icon.tsx'
import { useLanguage } from '../words/index.ts'
import { useFieldCounts, useFieldNames } from './ask.ts'
import { Section } from './section.tsx'

const TOP = 10
const ALL = 100

/** Fields found in the lines; each opens to its values. A menu elsewhere may open one too, by "Show values". */
export function Fields() {
  const { t, locale } = useLanguage()
  const { answer, asking, error } = useFieldNames()
  const [shown, show] = useShownField()
  const [text, setText] = useState('')
  const [all, setAll] = useState(false)
  const names = (answer?.names ?? []).map(({ value, count }) => ({ name: parsedName(value), count }))
  // A built-in field, or one that no line has now, can still be asked for.
  const listed =
    shown === '' || names.some(({ name }) => name === shown) ? names : [{ name: shown, count: 0 }, ...names]
  const found = listed.filter(({ name }) => name.toLowerCase().includes(text.trim().toLowerCase()))
  const number = new Intl.NumberFormat(locale, { notation: 'compact' })
  return (
    <Section title={t('facet.fields')} busy={asking} error={error}>
      {names.length > TOP && (
        <input
          type="search"
          className="facet-search"
          aria-label={t('facet.searchFields')}
          placeholder={t('facet.searchFields')}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      )}
      {!asking && listed.length === 0 && <p className="quiet">{t('facet.noFields')}</p>}
      <ul>
        {(all || text !== '' ? found : found.slice(0, TOP)).map(({ name, count }) => (
          <li key={name}>
            <button
              type="button"
              className="facet-row"
              aria-expanded={name === shown}
              onClick={() => show(name === shown ? '' : name)}
            >
              <Icon name={name === shown ? 'down' : 'right'} />
              <span className="facet-name">{name}</span>
              {count > 0 && <span className="count">{number.format(count)}</span>}
            </button>
            {name === shown && <Values field={name} />}
          </li>
        ))}
      </ul>
      {text === '' && found.length > TOP && (
        <button type="button" className="link" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? t('facet.fewerValues') : t('facet.moreValues')}
        </button>
      )}
      {answer && answer.sampled < answer.matched && (
        <p className="quiet">{t('facet.sampled', { count: answer.sampled })}</p>
      )}
    </Section>
  )
}

function Values({ field }: { field: string }) {
  const { t, locale } = useLanguage()
  const [text, setText] = useState('')
  const [all, setAll] = useState(false)
  const { answer, asking, error } = useFieldCounts([field], all ? ALL : TOP, text)
  const counts = answer?.get(field) ?? answer?.get(builtInOf(field) ?? field)
  const number = new Intl.NumberFormat(locale)
  return (
    <div className={asking ? 'facet-values busy' : 'facet-values'} aria-busy={asking}>
      <input
        type="search"
        className="facet-search"
        aria-label={t('facet.search', { field })}
        placeholder={t('facet.search', { field })}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {error && <p className="wrong">{t('facet.failed', { reason: error.message })}</p>}
      {counts && counts.values.length === 0 && <p className="quiet">{t('facet.none')}</p>}
      <ul>
        {counts?.values.map(({ value, count }) => (
          <li key={value} className="facet-row">
            <ValueMenu field={field} value={value} className="value facet-name" />
            <span className="count">{number.format(count)}</span>
          </li>
        ))}
      </ul>
      {counts && counts.others > 0 && (
        <p className="facet-row quiet">
          {t('facet.others', { count: counts.others })}
          {!all && (
            <button type="button" className="link" onClick={() => setAll(true)}>
              {t('facet.moreValues')}
            </button>
          )}
        </p>
      )}
    </div>
  )
}
