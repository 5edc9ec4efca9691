import { type ReactNode, useEffect, useId, useRef } from 'react'
import { useLanguage } from '../words/index.ts'
import { Icon } from './icon.tsx'

interface DialogProps {
  title: string
  /** `sheet` fills a narrow screen from below. */
  shape?: 'box' | 'wide' | 'sheet' | 'top'
  onClose: () => void
  children: ReactNode
}

/** A modal dialog: while it is there focus stays inside, and afterwards it is where it was. */
export function Dialog({ title, shape = 'box', onClose, children }: DialogProps) {
  const { t } = useLanguage()
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()

  useEffect(() => {
    const shown = dialog.current
    if (shown && !shown.open) shown.showModal()
    shown?.querySelector<HTMLElement>('[data-first]')?.focus()
    return () => shown?.close()
  }, [])

  return (
    <dialog
      ref={dialog}
      className={`dialog ${shape}`}
      aria-labelledby={heading}
      onClose={onClose}
      onClick={(event) => event.target === event.currentTarget && event.currentTarget.close()}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <div className="dialog-inner">
        <header className="dialog-head">
          <h1 id={heading}>{title}</h1>
          <button
            type="button"
            className="square"
            aria-label={t('page.close')}
            onClick={() => dialog.current?.close()}
          >
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  )
}
