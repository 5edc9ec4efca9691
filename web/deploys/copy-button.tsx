import { copyText } from '../record/copy.ts'
import { Icon } from '../shell/icon.tsx'
import { usePage } from '../state/page.ts'
import { useLanguage } from '../words/index.ts'

/** A small button that copies a text whole. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const { t } = useLanguage()
  const page = usePage()
  return (
    <button
      type="button"
      className="square"
      aria-label={label}
      title={label}
      onClick={() => copyText(text, page, t)}
    >
      <Icon name="copy" />
    </button>
  )
}
