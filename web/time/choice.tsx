import { useEffect, useId, useRef, useState } from 'react'
import { usePage } from '../state/page.ts'
import { useLanguage } from '../words/index.ts'
import type { AskedRange } from './asked.ts'
import { lastText, momentText } from './format.ts'
import { type Note, parseTime, type Reading } from './parse.ts'
import { zoneText } from './zone.ts'

/** Seconds; those that a person reaches for. */
const PRESETS = [
  300,
  900,
  1800,
  3600,
  3 * 3600,
  6 * 3600,
  12 * 3600,
  86_400,
  2 * 86_400,
  7 * 86_400,
  30 * 86_400
]

/** Type a range and see how it is read, or press a preset. */
export function TimeChoice({ zone, onRange }: { zone: string; onRange: (range: AskedRange) => void }) {
  const { t } = useLanguage()
  const page = usePage()
  const [text, setText] = useState('')
  const [doubled, setDoubled] = useState<'first' | 'second'>()
  const says = useId()
  const box = useRef<HTMLInputElement>(null)
  useEffect(() => box.current?.focus(), [])
  const nowMs = Date.now()
  const reading = parseTime(text, { nowMs, zone, ...(doubled ? { doubled } : {}) })
  const apply = () => {
    if (reading.kind === 'range') onRange({ from: reading.from.asked, to: reading.to.asked })
    else if (reading.code !== 'empty') page.toast(t('time.unreadable'), 'failed')
  }
  const choose = (words: string) => {
    const chosen = parseTime(words, { nowMs, zone })
    if (chosen.kind === 'range') onRange({ from: chosen.from.asked, to: chosen.to.asked })
  }
  return (
    <div className="time-choice">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          apply()
        }}
      >
        <input
          ref={box}
          aria-label={t('time.label')}
          aria-describedby={says}
          aria-invalid={reading.kind === 'wrong' && reading.code !== 'empty'}
          placeholder={t('time.placeholder')}
          spellCheck={false}
          autoComplete="off"
          value={text}
          onChange={(event) => {
            setText(event.target.value)
            setDoubled(undefined)
          }}
        />
        <button type="submit" className="primary" disabled={reading.kind !== 'range'}>
          {t('time.apply')}
        </button>
      </form>
      <div id={says} className="time-says" aria-live="polite">
        <ReadingText reading={reading} zone={zone} onDoubled={setDoubled} />
      </div>
      <h2 className="quiet">{t('time.presets')}</h2>
      <div className="time-presets">
        {PRESETS.map((seconds) => (
          <button key={seconds} type="button" className="framed" onClick={() => choose(`${seconds}s`)}>
            {lastText(seconds, t)}
          </button>
        ))}
        <button type="button" className="framed" onClick={() => choose('today')}>
          {t('time.today')}
        </button>
        <button type="button" className="framed" onClick={() => choose('yesterday')}>
          {t('time.yesterday')}
        </button>
      </div>
    </div>
  )
}

interface ReadingProps {
  reading: Reading
  zone: string
  onDoubled: (which: 'first' | 'second') => void
}

function ReadingText({ reading, zone, onDoubled }: ReadingProps) {
  const { t } = useLanguage()
  const nowMs = Date.now()
  if (reading.kind === 'wrong') {
    const said = {
      empty: t('time.empty'),
      unreadable: t('time.unreadable'),
      future: t('time.pastOnly')
    }[reading.code]
    return <p className={reading.code === 'empty' ? 'quiet' : 'wrong'}>{said}</p>
  }
  const { from, to, notes } = reading
  const there = { from: momentText(from.ms, zone, nowMs), to: momentText(to.ms, zone, nowMs) }
  const utc = { from: momentText(from.ms, 'UTC', nowMs), to: momentText(to.ms, 'UTC', nowMs) }
  return (
    <>
      <p>{t('time.readingZone', { ...there, zone: zoneText(from.ms, zone) })}</p>
      {zone !== 'UTC' && <p className="quiet">{t('time.readingUtc', utc)}</p>}
      {distinct(notes).map((note) => (
        <NoteText key={note.code} note={note} onDoubled={onDoubled} />
      ))}
    </>
  )
}

function NoteText({ note, onDoubled }: { note: Note; onDoubled: ReadingProps['onDoubled'] }) {
  const { t } = useLanguage()
  switch (note.code) {
    case 'around-instant':
      return <p className="quiet">{t('time.aroundInstant')}</p>
    case 'swapped':
      return <p className="warned">{t('time.swapped')}</p>
    case 'future-cut':
      return <p className="warned">{t('time.futureCut')}</p>
    case 'skipped':
      return <p className="warned">{t('time.skipped')}</p>
    case 'doubled':
      return (
        <p className="warned">
          {t('time.doubled')}{' '}
          <button type="button" className="framed" onClick={() => onDoubled('first')}>
            {t('time.chooseOffset', { offset: note.offsets[0] })}
          </button>{' '}
          <button type="button" className="framed" onClick={() => onDoubled('second')}>
            {t('time.chooseOffset', { offset: note.offsets[1] })}
          </button>
        </p>
      )
    default:
      return note satisfies never
  }
}

function distinct(notes: Note[]): Note[] {
  return notes.filter((note, index) => notes.findIndex((other) => other.code === note.code) === index)
}
