import { usePage } from '../state/page.ts'
import { useLanguage } from '../words/index.ts'

/** Logs out. What was read goes with the page, which is loaded anew. */
export function LeaveButton({ name }: { name: string }) {
  const { t } = useLanguage()
  const page = usePage()
  const leave = () =>
    page.client.send('/api/session', { method: 'DELETE' }).then(
      () => location.reload(),
      (error: Error) => page.toast(error.message, 'failed')
    )
  return (
    <button type="button" className="framed leave" title={name} onClick={() => void leave()}>
      {t('token.leave')}
    </button>
  )
}
