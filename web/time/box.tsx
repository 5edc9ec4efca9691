import './time.css'
import { lazy, Suspense, useRef } from 'react'
import { Icon } from '../shell/icon.tsx'
import { Popup } from '../shell/popup.tsx'
import { useCommand, useSetView, useView } from '../state/page.ts'
import { useLanguage } from '../words/index.ts'
import { type AskedRange, shifted, widened } from './asked.ts'
import { rangeText } from './format.ts'
import { usePageZone } from './page-zone.ts'

/** Typing and reading of times comes with the first opening. */
const TimeChoice = lazy(() => import('./choice.tsx').then((module) => ({ default: module.TimeChoice })))

/** The range that is shown, and everything that changes it. */
export function TimeBox() {
  const { t } = useLanguage()
  const view = useView()
  const setView = useSetView()
  const zone = usePageZone()
  const box = useRef<HTMLDivElement>(null)
  const nowMs = Date.now()
  const go = (range: AskedRange | undefined) => range && setView({ ...range, live: false, at: '', ctx: '' })

  useCommand('focus-time', () => box.current?.querySelector<HTMLElement>('button')?.click())
  useCommand('range-earlier', () => go(shifted(view, -0.5, Date.now())))
  useCommand('range-later', () => go(shifted(view, 0.5, Date.now())))
  useCommand('range-widen', () => go(widened(view, Date.now())))
  useCommand('toggle-utc', () => setView({ tz: view.tz === 'UTC' ? '' : 'UTC' }, 'replace'))

  const shown = rangeText(view, zone, nowMs, t)
  return (
    <div className="time-box" ref={box}>
      <Popup
        className="framed time-open"
        label={t('time.open', { range: shown })}
        face={
          <>
            {shown} <Icon name="down" />
          </>
        }
      >
        {(close) => (
          <Suspense fallback={<div className="time-choice" />}>
            <TimeChoice
              zone={zone}
              onRange={(range) => {
                close()
                go(range)
              }}
            />
          </Suspense>
        )}
      </Popup>
      <button
        type="button"
        className="square"
        aria-label={t('time.earlier')}
        title={`${t('time.earlier')} ([)`}
        onClick={() => go(shifted(view, -0.5, Date.now()))}
      >
        <Icon name="left" />
      </button>
      <button
        type="button"
        className="square"
        aria-label={t('time.later')}
        title={`${t('time.later')} (])`}
        onClick={() => go(shifted(view, 0.5, Date.now()))}
      >
        <Icon name="right" />
      </button>
      <button
        type="button"
        className="square"
        aria-label={t('time.widen')}
        title={`${t('time.widen')} (_)`}
        onClick={() => go(widened(view, Date.now()))}
      >
        <Icon name="wider" />
      </button>
    </div>
  )
}
