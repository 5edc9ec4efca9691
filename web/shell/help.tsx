import { usePage, useSettings } from '../state/page.ts'
import { type PlainKey, useLanguage } from '../words/index.ts'
import { Dialog } from './dialog.tsx'

type Row = readonly [keys: string, meaning: PlainKey]

const GROUPS: readonly (readonly [title: PlainKey, rows: readonly Row[]])[] = [
  [
    'help.move',
    [
      ['j k ↓ ↑', 'help.line'],
      ['Space PgDn PgUp', 'help.pageKeys'],
      ['Ctrl+d Ctrl+u', 'help.half'],
      ['g g Home', 'help.oldest'],
      ['G End', 'help.newest'],
      ['e E', 'help.errors'],
      ['w W', 'help.warnings'],
      ['m M', 'help.moves'],
      ['x X', 'help.gaps'],
      ['n N', 'help.hits']
    ]
  ],
  [
    'help.reading',
    [
      ['Enter → Esc ←', 'help.openClose'],
      ['c C', 'help.contextKeys'],
      ['y Y J', 'help.copyKeys'],
      ['+ −', 'help.includeKeys'],
      ['f', 'help.follow'],
      ['p u o', 'help.prettyKeys'],
      ['Ctrl+F', 'help.find']
    ]
  ],
  [
    'help.asking',
    [
      ['/ t', 'help.queryBox'],
      ['Enter', 'help.search'],
      ['Shift+Enter', 'help.newLine'],
      ['Tab', 'help.accept'],
      ['Ctrl+Space', 'help.suggest'],
      ['↑', 'help.last'],
      ['[ ]', 'help.shift'],
      ['_', 'help.widen'],
      ['z', 'help.utc'],
      ['s', 'help.saveQuery']
    ]
  ],
  [
    'help.page',
    [
      ['Ctrl+K', 'help.jump'],
      ['g l', 'help.goLogs'],
      ['g d', 'help.goDeploys'],
      ['?', 'help.help']
    ]
  ]
]

const LANGUAGE: readonly Row[] = [
  ['timeout', 'help.qWord'],
  ['"connection refused"', 'help.qPhrase'],
  ['time*', 'help.qPrefix'],
  ['/GET \\/api\\/\\d+/i', 'help.qRegex'],
  ['-timeout', 'help.qNot'],
  ['(a OR b) c', 'help.qOr'],
  ['level>=warn', 'help.qLevel'],
  ['host:web-* status:500', 'help.qField'],
  ['ms:[100 TO 500]', 'help.qRange'],
  ['trace_id:*', 'help.qExists']
]

/** All keys and the query language at a glance. */
export function HelpDialog() {
  const { t } = useLanguage()
  const page = usePage()
  const [settings, change] = useSettings()
  return (
    <Dialog title={t('help.title')} shape="wide" onClose={() => page.dialog.set('')}>
      <div className="help">
        {GROUPS.map(([title, rows]) => (
          <section key={title}>
            <h2>{t(title)}</h2>
            <Rows rows={rows} split />
          </section>
        ))}
        <section className="help-wide">
          <h2>{t('help.query')}</h2>
          <Rows rows={LANGUAGE} />
        </section>
        <label className="help-wide choice">
          <input
            type="checkbox"
            checked={settings.singleKeys}
            onChange={(event) => change({ singleKeys: event.target.checked })}
          />
          <span>
            {t('help.singleKeys')} <span className="quiet">{t('help.singleKeysHint')}</span>
          </span>
        </label>
      </div>
    </Dialog>
  )
}

function Rows({ rows, split = false }: { rows: readonly Row[]; split?: boolean }) {
  const { t } = useLanguage()
  return (
    <dl>
      {rows.map(([keys, meaning]) => (
        <div key={meaning}>
          <dt>{split ? keys.split(' ').map((key) => <kbd key={key}>{key}</kbd>) : <code>{keys}</code>}</dt>
          <dd>{t(meaning)}</dd>
        </div>
      ))}
    </dl>
  )
}
