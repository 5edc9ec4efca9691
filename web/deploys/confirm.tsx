import { type ReactNode, useState } from 'react'
import { Dialog } from '../shell/dialog.tsx'
import { useLanguage } from '../words/index.ts'

interface ConfirmProps {
  title: string
  /** On the button that does it. */
  label: string
  /** What will come of it. */
  words: string
  /** What else has to be known, as fields of the form. */
  children?: ReactNode
  /** Closes when it resolves; what it rejects with is told, and the dialog stays. */
  onConfirm: () => Promise<void>
  onClose: () => void
}

/** Asks once more before something that runs is changed. */
export function Confirm({ title, label, words, children, onConfirm, onClose }: ConfirmProps) {
  const { t } = useLanguage()
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const confirm = async () => {
    setBusy(true)
    try {
      await onConfirm()
      onClose()
    } catch (reason) {
      setError(reason instanceof Error ? reason.message : String(reason))
      setBusy(false)
    }
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className="confirm"
        onSubmit={(event) => {
          event.preventDefault()
          void confirm()
        }}
      >
        <p>{words}</p>
        {children}
        <p role="alert" className="wrong">
          {error}
        </p>
        <div className="confirm-buttons">
          <button type="button" className="framed" onClick={onClose}>
            {t('page.cancel')}
          </button>
          <button type="submit" className="primary" disabled={busy} data-first>
            {label}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
