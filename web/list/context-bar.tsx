import { useCommand, usePage, useSetView, useView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { useLanguage } from '../words/index.ts'
import type { Feed } from './feed.ts'

/** Says that this is a record's context, not a search, and leads back. */
export function ContextBar({ feed }: { feed: Feed }) {
  const { t } = useLanguage()
  const { commands } = usePage()
  const { at, ctx } = useView()
  const setView = useSetView()
  const status = useStore(feed.status)
  const record = useStore(feed.rows.version, () => feed.rows.record(at))
  useCommand('go-logs', () => setView({ ctx: '' }))
  return (
    <div className="notes context-bar">
      <button type="button" className="framed" onClick={() => commands.run('back')}>
        <span aria-hidden="true">← </span>
        {t('context.back')}
      </button>
      <strong>
        {ctx === 'app'
          ? t('context.ofApp', { app: record?.app ?? '' })
          : t('context.ofInstance', { name: record?.containerName ?? '', host: record?.hostName ?? '' })}
      </strong>
      <span className="segments">
        <button type="button" aria-pressed={ctx === 'instance'} onClick={() => setView({ ctx: 'instance' })}>
          {t('context.instance')}
        </button>
        <button type="button" aria-pressed={ctx === 'app'} onClick={() => setView({ ctx: 'app' })}>
          {t('context.app')}
        </button>
      </span>
      <span className="quiet">{t('context.filtersOff')}</span>
      {status.phase === 'asking' && <span className="quiet">{t('list.searching')}</span>}
    </div>
  )
}
