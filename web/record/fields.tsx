import { useState } from 'react'
import { exclude, include, parsedName } from '../../collector/query/grammar.ts'
import type { RecordJson } from '../../server/api/logs.ts'
import { Icon } from '../shell/icon.tsx'
import { usePage, useSetView, useView } from '../state/page.ts'
import { useLanguage } from '../words/index.ts'
import { fieldsOf } from './copies.ts'
import { copyText } from './copy.ts'

/** Longer values are folded; so much more of one is drawn at a time. */
const FOLD = 2048
const STEP = 32 * 1024
/** So many fields are drawn before the rest is asked for. */
const FIRST_FIELDS = 200

/** Names and values of a record, each with what can be done with it. */
export function Fields({ record }: { record: RecordJson }) {
  const { t } = useLanguage()
  const [filter, setFilter] = useState('')
  const [sorted, setSorted] = useState(false)
  const [limit, setLimit] = useState(FIRST_FIELDS)
  const all = fieldsOf(record)
  if (all.length === 0) return <p className="quiet">{t('record.noFields')}</p>
  const low = filter.toLowerCase()
  const fitting = all.filter(({ name, value }) => `${name} ${value}`.toLowerCase().includes(low))
  if (sorted) fitting.sort((a, b) => (a.name < b.name ? -1 : 1))
  return (
    <>
      {all.length > 8 && (
        <div className="fields-tools">
          <input
            value={filter}
            placeholder={t('record.filterFields')}
            aria-label={t('record.filterFields')}
            onChange={(event) => setFilter(event.target.value)}
          />
          <button type="button" aria-pressed={sorted} onClick={() => setSorted(!sorted)}>
            {t('record.sortFields')}
          </button>
          <span className="count">{t('record.fieldCount', { count: fitting.length })}</span>
        </div>
      )}
      <table className="fields">
        <tbody>
          {fitting.slice(0, limit).map(({ name, value, type }) => (
            <tr key={name} data-field={parsedName(name)} data-value={value}>
              <th scope="row">{name}</th>
              <td className={`field-value ${type}`}>
                <Value value={value} />
              </td>
              <td className="field-type">{t(TYPE_WORDS[type])}</td>
              <td className="field-actions">
                <FieldActions name={name} asked={parsedName(name)} value={value} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {fitting.length > limit && (
        <button type="button" className="link" onClick={() => setLimit(limit + 1000)}>
          {t('record.moreFields', { count: fitting.length - limit })}
        </button>
      )}
    </>
  )
}

const TYPE_WORDS = {
  text: 'type.text',
  number: 'type.number',
  'true/false': 'type.truth',
  null: 'type.null'
} as const

function Value({ value }: { value: string }) {
  const { t } = useLanguage()
  const [length, setLength] = useState(FOLD)
  if (value === '') return <span className="quiet">{t('value.empty')}</span>
  if (value.length <= FOLD) return value
  return (
    <>
      <span className="long">{value.slice(0, length)}</span>{' '}
      {value.length > length && (
        <button type="button" className="link" onClick={() => setLength(length + STEP)}>
          {t('record.more', { count: value.length - length })}
        </button>
      )}
    </>
  )
}

/** @param asked the name as a query has it. */
export function FieldActions({ name, asked, value }: { name: string; asked: string; value: string }) {
  const { t } = useLanguage()
  const page = usePage()
  const { q, cols } = useView()
  const setView = useSetView()
  const hasColumn = cols.includes(name)
  const toggleColumn = () =>
    setView({ cols: hasColumn ? cols.filter((column) => column !== name) : [...cols, name] }, 'replace')
  const actions = [
    {
      icon: 'plus' as const,
      words: t('value.include'),
      act: () => setView({ q: include(q, asked, value), ctx: '' })
    },
    {
      icon: 'minus' as const,
      words: t('value.exclude'),
      act: () => setView({ q: exclude(q, asked, value), ctx: '' })
    },
    {
      icon: 'column' as const,
      words: t(hasColumn ? 'value.removeColumn' : 'value.addColumn'),
      act: toggleColumn
    },
    { icon: 'copy' as const, words: t('value.copy'), act: () => copyText(value, page, t) }
  ]
  return actions.map(({ icon, words, act }) => (
    <button key={icon} type="button" className="square" title={words} onClick={act}>
      <Icon name={icon} />
      <span className="hidden-text">{`${words}: ${name}`}</span>
    </button>
  ))
}
