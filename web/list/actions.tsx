import type { RecordJson } from '../../server/api/logs.ts'
import { copyText } from '../record/copy.ts'
import { linkTo } from '../record/link.ts'
import { Icon } from '../shell/icon.tsx'
import { usePage } from '../state/page.ts'
import { useLanguage } from '../words/index.ts'
import { stripped } from './ansi.ts'

interface RowActionsProps {
  record: RecordJson
  top: number
  onContext: (record: RecordJson, scope: 'instance' | 'app') => void
}

/** What can be done with the row under the pointer, at the right edge however long the line is. Keys do the same. */
export function RowActions({ record, top, onContext }: RowActionsProps) {
  const { t } = useLanguage()
  const page = usePage()
  return (
    <div
      className="row-actions"
      role="toolbar"
      aria-label={t('record.actions')}
      style={{ transform: `translateY(${top}px)` }}
    >
      <button
        type="button"
        tabIndex={-1}
        title={t('record.copyLine')}
        onClick={() => copyText(stripped(record.text), page, t)}
      >
        <Icon name="copy" />
        <span className="hidden-text">{t('record.copyLine')}</span>
      </button>
      <button
        type="button"
        tabIndex={-1}
        title={t('record.copyLink')}
        onClick={() => copyText(linkTo(record, page.history.view.get()), page, t)}
      >
        <Icon name="link" />
        <span className="hidden-text">{t('record.copyLink')}</span>
      </button>
      <button
        type="button"
        tabIndex={-1}
        title={t('record.contextInstance')}
        onClick={() => onContext(record, 'instance')}
      >
        <Icon name="around" />
        <span className="hidden-text">{t('record.contextInstance')}</span>
      </button>
    </div>
  )
}
