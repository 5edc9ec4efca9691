import { useEffect, useRef, useState } from 'react'
import { usePage } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { useLanguage } from '../words/index.ts'

/** Asks for a token when the hub demands one; what was on the page stays. */
export function TokenPrompt() {
  const { t } = useLanguage()
  const page = usePage()
  const demanded = useStore(page.token.demanded)
  const [text, setText] = useState('')
  const dialog = useRef<HTMLDialogElement>(null)
  const had = page.token.get() !== ''
  useEffect(() => {
    if (demanded) dialog.current?.showModal()
    else dialog.current?.close()
  }, [demanded])
  if (!demanded) return null
  return (
    <dialog ref={dialog} className="token" aria-labelledby="token-title">
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault()
          if (text.trim() === '') return
          page.token.set(text.trim())
          setText('')
          page.ask()
        }}
      >
        <h2 id="token-title">{had ? t('token.expired') : t('token.title')}</h2>
        <p>{t('token.hint')}</p>
        <pre className="command">tokens/read</pre>
        <input
          type="password"
          autoComplete="off"
          value={text}
          aria-label={t('token.label')}
          placeholder={t('token.label')}
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" className="primary">
          {t('token.use')}
        </button>
      </form>
    </dialog>
  )
}
