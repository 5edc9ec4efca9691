// biome-ignore-all lint/a11y/useSemanticElements: a list of which only a part is drawn is no table
// biome-ignore-all lint/a11y/useFocusableInteractive: one row of the grid can be tabbed to, keys reach the others
import { lazy, type Ref, Suspense } from 'react'
import { durationText } from '../time/format.ts'
import { useLanguage } from '../words/index.ts'
import type { Look } from './look.ts'
import type { RowPlace } from './row.tsx'
import type { DeployRow, GapRow, Move, MoveRow, RangeRow } from './rows.ts'

const DeployWords = lazy(async () => ({ default: (await import('../deploys/row.tsx')).DeployWords }))
const GapWords = lazy(async () => ({ default: (await import('../ledger/sentence.tsx')).GapWords }))

interface DividerProps extends RowPlace {
  ref: Ref<HTMLDivElement>
  row: MoveRow | RangeRow | GapRow | DeployRow
  look: Look
  /** An app's name stands in the sentence where more than one is shown. */
  manyApps: boolean
  onLoad: (row: RangeRow) => void
}

/** What stands between records, as a row of the grid with one spanning cell. */
export function Divider({
  ref,
  row,
  look,
  manyApps,
  onLoad,
  index,
  ariaIndex,
  top,
  selected,
  tabbable
}: DividerProps) {
  return (
    <div
      ref={ref}
      role="row"
      aria-rowindex={ariaIndex}
      aria-selected={selected}
      tabIndex={tabbable ? 0 : -1}
      data-index={index}
      data-key={row.key}
      className={`row divider ${row.kind} ${row.kind === 'range' ? row.cause : ''} ${selected ? 'selected' : ''}`}
      style={{ transform: `translateY(${top}px)` }}
    >
      <span role="gridcell" className="saying">
        {row.kind === 'move' ? (
          <MoveWords move={row.move} look={look} manyApps={manyApps} />
        ) : row.kind === 'deploy' ? (
          <Suspense>
            <DeployWords row={row} look={look} />
          </Suspense>
        ) : row.kind === 'gap' ? (
          <Suspense>
            <GapWords row={row} />
          </Suspense>
        ) : (
          <RangeWords row={row} look={look} onLoad={onLoad} />
        )}
      </span>
    </div>
  )
}

function MoveWords({ move, look, manyApps }: { move: Move; look: Look; manyApps: boolean }) {
  const { t, locale } = useLanguage()
  const params = {
    time: look.clock.second(move.at),
    from: move.fromHostName,
    to: move.toHostName,
    app: move.app
  }
  const facts = [
    move.oomKilled
      ? t('move.oom', { code: move.exitCode ?? 137 })
      : move.exitCode !== undefined
        ? t('move.exit', { code: move.exitCode })
        : '',
    move.sameImage ? t('move.sameImage') : t('move.otherImage'),
    move.awayMs >= 0
      ? t('move.away', { span: durationText(move.awayMs, locale) })
      : t('move.overlap', { span: durationText(-move.awayMs, locale) })
  ].filter(Boolean)
  return (
    <>
      <span aria-hidden="true">⇄ </span>
      {manyApps ? t('move.movedApp', params) : t('move.moved', params)}
      {facts.map((fact) => (
        <span key={fact} className="fact">
          {fact}
        </span>
      ))}
    </>
  )
}

function RangeWords({ row, look, onLoad }: { row: RangeRow; look: Look; onLoad: (row: RangeRow) => void }) {
  const { t } = useLanguage()
  const { clock } = look
  const from = clock.second(row.from)
  const to = clock.second(row.to)
  const words =
    row.cause === 'late'
      ? t('range.late', { host: row.hostName, count: row.count ?? 0, from, to })
      : row.count === undefined
        ? t('range.unknown', { from, to })
        : row.cause === 'paused'
          ? t('range.paused', { count: row.count, from, to })
          : t('range.skipped', { count: row.count, from, to })
  return (
    <>
      <span aria-hidden="true">{row.cause === 'late' ? '↥ ' : '⋯ '}</span>
      {words}
      <button type="button" className="link" disabled={row.loading} onClick={() => onLoad(row)}>
        {row.loading ? t('range.loading') : row.cause === 'late' ? t('range.show') : t('range.load')}
      </button>
    </>
  )
}
