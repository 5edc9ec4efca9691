import { useSetView } from '../state/page.ts'
import { dateText, momentText } from '../time/format.ts'
import { useLanguage } from '../words/index.ts'
import { type Counts, rangeOfBars, sumOfBars } from './counts.ts'

/** The same numbers for those who cannot see, or want to copy, the bars. Empty bars are left out. */
export function CountTable({ counts, zone }: { counts: Counts; zone: string }) {
  const { t, locale } = useLanguage()
  const setView = useSetView()
  const number = new Intl.NumberFormat(locale)
  const nowMs = Date.now()
  const rows = counts.edges.slice(0, -1).map((ms, bar) => ({ ms, bar, sums: sumOfBars(counts, bar, bar) }))
  const filled = rows.filter((row) => row.sums.lines > 0)
  if (filled.length === 0) return <p className="quiet padded">{t('histogram.none')}</p>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a pane that scrolls must be reached by keyboard.
    <section className="count-table" tabIndex={0} aria-label={t('histogram.asTable')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('histogram.tableTime')}</th>
            <th scope="col">{t('histogram.lines')}</th>
            <th scope="col">{t('histogram.errors')}</th>
            <th scope="col">{t('histogram.warnings')}</th>
            <th scope="col">{t('histogram.info')}</th>
            <th scope="col">{t('histogram.debug')}</th>
          </tr>
        </thead>
        <tbody>
          {filled.map(({ ms, bar, sums }) => (
            <tr key={ms}>
              <th scope="row">
                <button
                  type="button"
                  className="link"
                  title={dateText(ms, zone)}
                  onClick={() => {
                    const { fromMs, toMs } = rangeOfBars(counts, bar, bar)
                    const ends = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }
                    setView({ ...ends, live: false, at: '', ctx: '' })
                  }}
                >
                  {momentText(ms, zone, nowMs)}
                </button>
              </th>
              <td>{number.format(sums.lines)}</td>
              <td>{number.format(sums.error)}</td>
              <td>{number.format(sums.warn)}</td>
              <td>{number.format(sums.info)}</td>
              <td>{number.format(sums.debug)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
