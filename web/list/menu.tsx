import { rowsAsCsv, rowsAsNdjson, rowsAsText } from '../record/copies.ts'
import { copyText } from '../record/copy.ts'
import { curlOf } from '../record/curl.ts'
import { searchLink } from '../record/link.ts'
import { Popup } from '../shell/popup.tsx'
import { usePage, useSettings, useView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { useLanguage } from '../words/index.ts'
import type { Feed } from './feed.ts'

/** How the list is drawn, and what can be taken away from it. */
export function ListMenu({ feed, onOrder }: { feed: Feed; onOrder: () => void }) {
  const { t } = useLanguage()
  const page = usePage()
  const view = useView()
  const [settings, setSettings] = useSettings()
  const { from, to } = useStore(feed.status)
  const isGuarded = useStore(page.fleet, (fleet) => fleet.status?.open === false)
  const records = () => feed.rows.items.flatMap((row) => (row.kind === 'record' ? [row.record] : []))
  const copies = [
    { label: t('copy.text'), make: () => rowsAsText(records()) },
    { label: t('copy.ndjson'), make: () => rowsAsNdjson(records()) },
    { label: t('copy.csv'), make: () => rowsAsCsv(records(), view.cols) },
    { label: t('copy.curl'), make: () => curlOf(view, { from, to }, isGuarded) },
    { label: t('copy.search'), make: () => searchLink(view) },
    {
      label: t('copy.frozen'),
      make: () => searchLink({ ...view, live: false, from: from ?? view.from, to: to ?? view.to })
    }
  ]
  const switches = [
    { label: t('look.wrap'), on: settings.wrap, turn: () => setSettings({ wrap: !settings.wrap }) },
    { label: t('look.pretty'), on: settings.pretty, turn: () => setSettings({ pretty: !settings.pretty }) },
    {
      label: t('look.dense'),
      on: settings.density === 'dense',
      turn: () => setSettings({ density: settings.density === 'dense' ? 'normal' : 'dense' })
    },
    { label: t('look.newestFirst'), on: view.order === 'up', turn: onOrder },
    {
      label: t('look.beside'),
      on: settings.record === 'beside',
      turn: () => setSettings({ record: settings.record === 'beside' ? 'below' : 'beside' })
    },
    {
      label: t('look.speakErrors'),
      on: settings.speakErrors,
      turn: () => setSettings({ speakErrors: !settings.speakErrors })
    }
  ]
  return (
    <Popup face={t('look.open')} kind="menu" right>
      {(close) => (
        <>
          {switches.map(({ label, on, turn }) => (
            <button
              key={label}
              type="button"
              role="menuitemcheckbox"
              aria-checked={on}
              tabIndex={-1}
              onClick={turn}
            >
              <span aria-hidden="true">{on ? '✓ ' : '   '}</span>
              {label}
            </button>
          ))}
          <hr />
          {copies.map(({ label, make }) => (
            <button
              key={label}
              type="button"
              role="menuitem"
              tabIndex={-1}
              onClick={() => {
                copyText(make(), page, t)
                close()
              }}
            >
              {label}
            </button>
          ))}
        </>
      )}
    </Popup>
  )
}
