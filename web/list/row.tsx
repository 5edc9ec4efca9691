// biome-ignore-all lint/a11y/useSemanticElements: a list of which only a part is drawn is no table
// biome-ignore-all lint/a11y/useFocusableInteractive: one row of the grid can be tabbed to, keys reach the others
import { type CSSProperties, memo, type Ref } from 'react'
import type { LevelName, RecordJson } from '../../server/api/logs.ts'
import { useLanguage } from '../words/index.ts'
import { type Plain, readAnsi } from './ansi.ts'
import { LineText } from './line-text.tsx'
import type { Look } from './look.ts'
import { foundIn, type Mark } from './marks.ts'
import { drawnPart, shownText } from './text.ts'

export const LEVEL_LETTER: Record<LevelName, string> = {
  unknown: '·',
  trace: 'T',
  debug: 'D',
  info: 'I',
  warn: 'W',
  error: 'E',
  fatal: 'F'
}

export interface RowPlace {
  index: number
  /** 1-based, as assistive technology counts. */
  ariaIndex: number
  top: number
  selected: boolean
  tabbable: boolean
}

interface RecordLineProps extends RowPlace {
  ref: Ref<HTMLDivElement>
  record: RecordJson
  look: Look
  /** All lines of the event are shown. */
  unfolded: boolean
  hits: (text: string) => readonly Mark[]
  find: string
  /** Place of the current hit within the row's text. */
  current: number | undefined
}

/** One record: bar, time, host, level, columns, text. */
export const RecordLine = memo(function RecordLine(props: RecordLineProps) {
  const { record, look, index, ariaIndex, top, selected, tabbable, unfolded, hits, find, current } = props
  const { t } = useLanguage()
  const { sheet, columns, clock } = look
  const host = look.host(record.host, record.hostName)
  const shown = shownText(record, sheet.pretty, unfolded)
  const file = /^file:.*\/(.*)/.exec(record.stream)?.[1]
  const plain = readAnsi(shown.text)
  const marks = marksOf(plain, hits, find, current)
  const part = drawnPart(plain.text, marks.find((mark) => mark.kind === 'current')?.from ?? marks[0]?.from)
  const className = [
    'row',
    sheet.narrow ? 'narrow' : '',
    selected ? 'selected' : '',
    sheet.wrap || unfolded ? '' : 'unwrapped'
  ].join(' ')
  return (
    <div
      ref={props.ref}
      role="row"
      aria-rowindex={ariaIndex}
      aria-selected={selected}
      tabIndex={tabbable ? 0 : -1}
      data-index={index}
      data-key={record.id}
      className={className}
      style={{ transform: `translateY(${top}px)`, '--host': host.colour } as CSSProperties}
    >
      <span className={host.dashed ? 'bar dashed' : 'bar'} aria-hidden="true" />
      <span className="meta">
        <span role="gridcell" className="time" style={{ width: columns.time }}>
          {timeText(record, look)}
        </span>
        <span role="gridcell" className="host" style={{ width: columns.host }} title={record.hostName}>
          {host.tag}
        </span>
        {columns.app > 0 && (
          <span role="gridcell" className="app" style={{ width: columns.app }} title={record.app}>
            {record.app}
          </span>
        )}
        <span
          role="gridcell"
          className={`level level-${record.level}`}
          style={{ width: columns.level }}
          title={record.level}
        >
          {LEVEL_LETTER[record.level]}
        </span>
        {look.fields.map((field) => (
          <span role="gridcell" key={field} className="field" style={{ width: columns.field }}>
            {fieldText(record, field)}
          </span>
        ))}
      </span>
      <span role="gridcell" className="text" title={sheet.narrow ? undefined : clock.full(record.time)}>
        {file && <span className="cut" data-file={file} />}
        {part.from > 0 && <span className="cut">…</span>}
        <LineText plain={plain} from={part.from} to={part.to} marks={marks} />
        {part.to < plain.text.length && (
          <span className="cut">{t('list.cutHere', { count: plain.text.length - part.to })}</span>
        )}
        {shown.folded > 0 && (
          <button type="button" className="fold" data-act="unfold" tabIndex={-1}>
            {t('list.moreLines', { count: shown.folded })}
          </button>
        )}
        {unfolded && shown.text.includes('\n') && (
          <button type="button" className="fold" data-act="fold" tabIndex={-1}>
            {t('list.fold')}
          </button>
        )}
      </span>
    </div>
  )
})

function marksOf(
  plain: Plain,
  hits: (text: string) => readonly Mark[],
  find: string,
  current: number | undefined
): Mark[] {
  const found = foundIn(plain.text, find)
  const marks = [...hits(plain.text), ...found]
  const here = current === undefined ? undefined : (find === '' ? marks : found)[current]
  return here ? [...marks, { ...here, kind: 'current' }] : marks
}

function timeText(record: RecordJson, { clock, sheet, days }: Look): string {
  if (sheet.narrow) return clock.second(record.time)
  return days ? `${clock.day(record.time).slice(5)} ${clock.time(record.time)}` : clock.time(record.time)
}

function fieldText(record: RecordJson, field: string): string {
  const own = record as unknown as Record<string, unknown>
  const value = record.fields?.[field] ?? (field !== 'fields' && field !== 'text' ? own[field] : undefined)
  return value === undefined ? '' : String(value)
}
