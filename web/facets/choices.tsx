import type { ReactNode } from 'react'
import { parse } from '../../collector/query/grammar.ts'
import { useAskQuery } from '../query/ask.ts'
import { ValueMenu } from '../query/value-menu.tsx'
import { useView } from '../state/page.ts'
import { useLanguage } from '../words/index.ts'
import { admits, toggled } from './admit.ts'
import type { Counted } from './ask.ts'

export interface ChoicesProps {
  field: string
  values: readonly Counted[]
  /** Values that exist, though no line has them now. */
  known: readonly string[]
  /** How a value is drawn. */
  face?: (value: string) => ReactNode
  /** How a value is called where it is an id. */
  nameOf?: (value: string) => string
  /** What stands between its name and its count. */
  beside?: (value: string) => ReactNode
}

/** Values with boxes: unchecked is `-level:debug` in the query, checked again takes it out. */
export function Choices({ field, values, known, face, nameOf = String, beside }: ChoicesProps) {
  const { t, locale } = useLanguage()
  const { q } = useView()
  const ask = useAskQuery()
  const parsed = parse(q)
  const number = new Intl.NumberFormat(locale)
  return (
    <ul>
      {values.map(({ value, count }) => (
        <li key={value} className="facet-row">
          <input
            type="checkbox"
            aria-label={t('facet.toggle', { value: nameOf(value), count })}
            checked={!parsed.ok || admits(parsed.expression, field, value)}
            disabled={!parsed.ok}
            onChange={() => ask(toggled(q, field, value, known))}
          />
          <ValueMenu field={field} value={value} name={nameOf(value)} className="value facet-name">
            {face ? face(value) : nameOf(value)}
          </ValueMenu>
          {beside?.(value)}
          <span className="count">{number.format(count)}</span>
        </li>
      ))}
    </ul>
  )
}
