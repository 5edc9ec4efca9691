import { parsedName, term } from '../../collector/query/grammar.ts'
import type { RecordJson } from '../../server/api/logs.ts'
import { useSetView } from '../state/page.ts'
import { useLanguage } from '../words/index.ts'

/** How a request is named that runs through several apps. */
const TRACE = /^(?:dd\.|otel\.)?(?:trace|request|correlation)[._-]?id$/i

/** Lines that belong to a record: of the same request in every app, and of the same instance. */
export function Neighbours({ record }: { record: RecordJson }) {
  const { t } = useLanguage()
  const setView = useSetView()
  const traces = Object.entries(record.fields ?? {}).filter(
    ([name, value]) => TRACE.test(name) && value !== null && value !== ''
  )
  const show = (q: string, change: { app?: string }) => setView({ ...change, q, ctx: '', at: record.id })
  return (
    <p className="neighbours">
      <span className="quiet">{t('neighbours.label')}</span>
      {traces.map(([name, value]) => (
        <button
          key={name}
          type="button"
          className="link"
          onClick={() => show(term(parsedName(name), String(value)), { app: '' })}
        >
          {t('neighbours.sameValue', { field: name, value: String(value) })}
        </button>
      ))}
      <button
        type="button"
        className="link"
        onClick={() => show(term('instance', record.instance), { app: record.app })}
      >
        {t('neighbours.sameInstance', { name: record.containerName, host: record.hostName })}
      </button>
    </p>
  )
}
