import './value-menu.css'
import type { ReactNode } from 'react'
import { exclude, include, only } from '../../collector/query/grammar.ts'
import { Icon } from '../shell/icon.tsx'
import { Popup } from '../shell/popup.tsx'
import { usePage, useSetView, useView } from '../state/page.ts'
import { useLanguage } from '../words/index.ts'
import { useAskQuery } from './ask.ts'
import { useShownField } from './shown-field.ts'

interface ValueMenuProps {
  /** Name as the query knows it. */
  field: string
  value: string
  /** What it is called where it is an id. */
  name?: string
  /** What the button shows; the value itself when left out. */
  children?: ReactNode
  className?: string
}

/** Any value, as a button that offers what can be done with it. Every choice edits the text of the query. */
export function ValueMenu({ field, value, name: called = value, children, className }: ValueMenuProps) {
  const { t } = useLanguage()
  const page = usePage()
  const { q, cols } = useView()
  const setView = useSetView()
  const ask = useAskQuery()
  const [, showField] = useShownField()
  const isColumn = cols.includes(field)
  const items: [
    icon: 'search' | 'close' | 'check' | 'copy' | 'table' | 'filter',
    name: string,
    act: () => void
  ][] = [
    ['search', t('value.include'), () => ask(include(q, field, value))],
    ['close', t('value.exclude'), () => ask(exclude(q, field, value))],
    ['check', t('value.only'), () => ask(only(q, field, value))],
    [
      'copy',
      t('value.copy'),
      () =>
        navigator.clipboard.writeText(value).then(
          () => page.toast(t('page.copied')),
          () => page.toast(t('page.copyFailed'), 'failed')
        )
    ],
    [
      'table',
      isColumn ? t('value.removeColumn') : t('value.addColumn'),
      () => setView({ cols: isColumn ? cols.filter((name) => name !== field) : [...cols, field] }, 'replace')
    ],
    ['filter', t('value.show'), () => showField(field)]
  ]
  return (
    <Popup
      kind="menu"
      className={className ?? 'value'}
      label={t('value.menu', { field, value: called === '' ? t('value.empty') : short(called) })}
      face={children ?? (value === '' ? <span className="quiet">{t('value.empty')}</span> : value)}
    >
      {(close) =>
        items.map(([icon, name, act]) => (
          <button
            key={icon}
            type="button"
            role="menuitem"
            tabIndex={-1}
            onClick={() => {
              close()
              act()
            }}
          >
            <Icon name={icon} /> {name}
          </button>
        ))
      }
    </Popup>
  )
}

const LABEL_LENGTH = 80

function short(value: string): string {
  return value.length <= LABEL_LENGTH ? value : `${value.slice(0, LABEL_LENGTH)}…`
}
