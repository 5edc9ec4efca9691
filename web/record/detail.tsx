// biome-ignore-all lint/a11y/noNoninteractiveTabindex: a panel that scrolls must be reachable by keys
import './record.css'
import { useId, useMemo, useState } from 'react'
import type { RecordJson } from '../../server/api/logs.ts'
import { readAnsi, stripped } from '../list/ansi.ts'
import { LineText } from '../list/line-text.tsx'
import type { Look } from '../list/look.ts'
import { usePage, useSetView, useView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { useLanguage } from '../words/index.ts'
import { fieldsAsText } from './copies.ts'
import { copyText } from './copy.ts'
import { curlOfRecord } from './curl.ts'
import { Fields } from './fields.tsx'
import { Identity } from './identity.tsx'
import { type JsonNode, readJson } from './json.ts'
import { JsonTree } from './json-tree.tsx'
import { linkTo } from './link.ts'
import { Neighbours } from './neighbours.tsx'
import { rawPieces } from './raw.ts'
import { StackText } from './stack.tsx'

type Tab = 'fields' | 'json' | 'raw'
const TABS: readonly Tab[] = ['fields', 'json', 'raw']
/** A raw text longer than this is drawn in parts. */
const RAW_STEP = 32 * 1024

/** Everything about one record. Its values are always text, never HTML. */
export function RecordDetail({ record, look }: { record: RecordJson; look: Look }) {
  const { t } = useLanguage()
  const page = usePage()
  const view = useView()
  const setView = useSetView()
  const open = useStore(page.fleet, ({ status }) => status?.open === false)
  const [tab, setTab] = useState<Tab>('fields')
  const id = useId()
  const names: Record<Tab, string> = {
    fields: t('record.fields'),
    json: t('record.json'),
    raw: t('record.raw')
  }
  const copy = (text: string) => copyText(text, page, t)
  const context = (scope: 'instance' | 'app') => setView({ at: record.id, ctx: scope })
  return (
    <section className="record" aria-label={t('record.label')}>
      <div className="record-head">
        <div role="tablist" aria-label={t('record.label')} className="tabs">
          {TABS.map((name) => (
            <button
              key={name}
              type="button"
              role="tab"
              id={`${id}${name}`}
              aria-selected={tab === name}
              aria-controls={`${id}panel`}
              tabIndex={tab === name ? 0 : -1}
              onClick={() => setTab(name)}
              onKeyDown={(event) => {
                const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
                const next = TABS[TABS.indexOf(name) + by]
                if (by === 0 || !next) return
                event.preventDefault()
                event.stopPropagation()
                setTab(next)
                document.getElementById(`${id}${next}`)?.focus()
              }}
            >
              {names[name]}
            </button>
          ))}
        </div>
        <button type="button" onClick={() => context('instance')}>
          {t('record.contextInstance')}
        </button>
        <button type="button" onClick={() => context('app')}>
          {t('record.contextApp')}
        </button>
        <span className="spring" />
        <button type="button" onClick={() => copy(stripped(record.text))}>
          {t('record.copyLine')}
        </button>
        <button type="button" onClick={() => copy(JSON.stringify(record, undefined, 2))}>
          {t('record.copyJson')}
        </button>
        <button type="button" onClick={() => copy(fieldsAsText(record))}>
          {t('record.copyFields')}
        </button>
        <button type="button" onClick={() => copy(linkTo(record, view))}>
          {t('record.copyLink')}
        </button>
        <button type="button" onClick={() => copy(curlOfRecord(record, view, open))}>
          {t('record.copyCurl')}
        </button>
        <button type="button" aria-label={t('page.close')} onClick={() => page.commands.run('back')}>
          <span aria-hidden="true">✕</span>
        </button>
      </div>
      <div
        role="tabpanel"
        id={`${id}panel`}
        aria-labelledby={`${id}${tab}`}
        tabIndex={0}
        className="record-panel"
      >
        {tab === 'fields' && (
          <>
            <StackText text={stripped(record.text)} />
            <Fields record={record} />
            <Neighbours record={record} />
            <Identity record={record} look={look} />
          </>
        )}
        {tab === 'json' && <Json record={record} />}
        {tab === 'raw' && <Raw text={record.text} />}
      </div>
    </section>
  )
}

function Json({ record }: { record: RecordJson }) {
  const node = useMemo<JsonNode | undefined>(
    () => readJson(record.text) ?? readJson(JSON.stringify(record)),
    [record]
  )
  return node ? <JsonTree node={node} /> : null
}

function Raw({ text }: { text: string }) {
  const { t } = useLanguage()
  const [coloured, setColoured] = useState(false)
  const [length, setLength] = useState(RAW_STEP)
  const part = text.slice(0, length)
  const plain = useMemo(() => readAnsi(part), [part])
  return (
    <>
      <label className="raw-switch">
        <input type="checkbox" checked={coloured} onChange={(event) => setColoured(event.target.checked)} />
        {t('record.ansi')}
      </label>
      <pre className="raw">
        {coloured ? (
          <LineText plain={plain} from={0} to={plain.text.length} marks={[]} links />
        ) : (
          rawPieces(part).map((piece, i) =>
            piece.isSign ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one unchanging text
              <span key={i} className="sign">
                {piece.text}
              </span>
            ) : (
              piece.text
            )
          )
        )}
      </pre>
      {text.length > length && (
        <button type="button" className="link" onClick={() => setLength(length + RAW_STEP * 2)}>
          {t('record.more', { count: text.length - length })}
        </button>
      )}
    </>
  )
}
