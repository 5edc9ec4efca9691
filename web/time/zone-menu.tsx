import { useState } from 'react'
import { Icon } from '../shell/icon.tsx'
import { Popup } from '../shell/popup.tsx'
import { useSettings, useSetView } from '../state/page.ts'
import { useLanguage } from '../words/index.ts'
import { usePageZone } from './page-zone.ts'
import { browserZone, zones, zoneText } from './zone.ts'

const SHOWN = 200

/** The one zone of the page, always in sight with its offset now; opens a search over all zones. */
export function ZoneMenu() {
  const { t } = useLanguage()
  const zone = usePageZone()
  const [settings, change] = useSettings()
  const setView = useSetView()
  const [text, setText] = useState('')
  const nowMs = Date.now()
  const choose = (next: string) => {
    change({ zone: next })
    setView({ tz: '' }, 'replace')
  }
  const asked = text.trim().toLowerCase().replaceAll(' ', '_')
  return (
    <Popup
      className="zone-open"
      face={
        <>
          <Icon name="globe" /> {zoneText(nowMs, zone)} <Icon name="down" />
        </>
      }
      label={t('time.zoneOpen', { zone: zoneText(nowMs, zone) })}
      right
      onOpen={() => setText('')}
    >
      {(close) => {
        const found = zones().filter((name) => name.toLowerCase().includes(asked))
        return (
          <div className="zones">
            <input
              data-first
              type="search"
              aria-label={t('time.zoneSearch')}
              placeholder={t('time.zoneSearch')}
              spellCheck={false}
              value={text}
              onChange={(event) => setText(event.target.value)}
              onKeyDown={(event) => {
                const [only] = found
                if (event.key !== 'Enter' || event.nativeEvent.isComposing || only === undefined) return
                choose(only)
                close()
              }}
            />
            <ul>
              {asked === '' && (
                <li>
                  <button
                    type="button"
                    aria-pressed={settings.zone === ''}
                    onClick={() => {
                      choose('')
                      close()
                    }}
                  >
                    {t('time.zoneBrowser', { zone: browserZone() })}
                  </button>
                </li>
              )}
              {found.slice(0, SHOWN).map((name) => (
                <li key={name}>
                  <button
                    type="button"
                    aria-pressed={name === zone}
                    onClick={() => {
                      choose(name)
                      close()
                    }}
                  >
                    <span>{name.replaceAll('_', ' ')}</span>
                    <span className="quiet">{zoneText(nowMs, name).split(' ')[0]}</span>
                  </button>
                </li>
              ))}
            </ul>
            {found.length === 0 && <p className="quiet padded">{t('time.zoneNone', { text })}</p>}
          </div>
        )
      }}
    </Popup>
  )
}
