import './login.css'
import { useEffect, useRef, useState } from 'react'
import { HubError } from '../api/client.ts'
import { usePage } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { useLanguage } from '../words/index.ts'

/** Asks for a token when the hub wants a login; what was on the page stays, and so does its address. */
export function LoginPrompt() {
  const { t } = useLanguage()
  const page = usePage()
  const demanded = useStore(page.login.demanded)
  const [error, setError] = useState('')
  const [isAsking, setAsking] = useState(false)
  const dialog = useRef<HTMLDialogElement>(null)
  const input = useRef<HTMLInputElement>(null)

  useEffect(() => {
    const shown = dialog.current
    shown?.showModal()
    input.current?.focus()
    return () => shown?.close()
  }, [])

  useEffect(() => {
    // The reader may have logged in in another tab.
    const look = () => {
      void page.client.status().then(
        () => page.loggedIn(),
        () => undefined
      )
    }
    window.addEventListener('focus', look)
    return () => window.removeEventListener('focus', look)
  }, [page])

  const login = async (token: string) => {
    if (token === '' || isAsking) return
    setAsking(true)
    try {
      // The hub answers with a cookie that no script can read.
      await page.client.send('/api/session', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token })
      })
      page.loggedIn()
    } catch (fault) {
      const isUnknown = fault instanceof HubError && fault.code === 'DRIFTLOG_TOKEN_UNKNOWN'
      setError(isUnknown ? t('token.unknown') : fault instanceof Error ? fault.message : String(fault))
      setAsking(false)
      input.current?.select()
    }
  }

  return (
    <dialog
      ref={dialog}
      className="dialog login"
      aria-labelledby="token-title"
      onCancel={(event) => event.preventDefault()}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <form
        className="dialog-inner"
        onSubmit={(event) => {
          event.preventDefault()
          void login(input.current?.value.trim() ?? '')
        }}
      >
        <h1 id="token-title">{demanded === 'again' ? t('token.ended') : t('token.title')}</h1>
        <p id="token-hint">{t('token.hint')}</p>
        <pre className="command">tokens/read</pre>
        {/* Password managers keep a secret under a name. */}
        <input type="text" name="username" autoComplete="username" value="driftlog" readOnly hidden />
        <label>
          {t('token.label')}
          <input
            ref={input}
            type="password"
            name="token"
            autoComplete="current-password"
            spellCheck={false}
            required
            aria-describedby={error === '' ? 'token-hint' : 'token-error'}
            aria-invalid={error !== ''}
            onChange={() => setError('')}
          />
        </label>
        <p id="token-error" className="login-error" role="alert">
          {error}
        </p>
        <button type="submit" className="primary" disabled={isAsking}>
          {t('token.use')}
        </button>
      </form>
    </dialog>
  )
}
