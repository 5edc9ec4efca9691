import './query.css'
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { type Diagnostic, parse } from '../../collector/query/grammar.ts'
import { Icon } from '../shell/icon.tsx'
import { Popup } from '../shell/popup.tsx'
import { useCommand, usePage, useView } from '../state/page.ts'
import { LOCALE, useLanguage } from '../words/index.ts'
import { useAskQuery } from './ask.ts'
import { Completer } from './completer.ts'
import type { EditorWords, QueryEditor } from './editor.ts'
import { recentQueries, saveQuery } from './saved.ts'
import { said } from './say.ts'

/** While the reader types, nothing is called wrong that may only be unfinished. */
const REST_MS = 700
const WARNINGS_SHOWN = 2
const LINES_SHOWN = 6

/** The query: plain text from the first moment, an editor with colours and completion as soon as it is there. */
export function QueryBar() {
  const { t, catalogue } = useLanguage()
  const { q } = useView()
  const ask = useAskQuery()
  const [text, setText] = useState(q)
  /** The text that was entered though it cannot run; the old result stays until it is mended. */
  const [refused, setRefused] = useState<string>()
  const rested = useRested(text)
  const says = useId()
  const parsed = parse(text)
  // What stands at the end is perhaps only not finished yet.
  const isUnfinished = !parsed.ok && parsed.error.at.to >= text.trimEnd().length && q !== text
  const showError = !parsed.ok && (refused === text || (rested === text && !isUnfinished))
  const remarks: Diagnostic[] = parsed.ok
    ? rested === text
      ? parsed.warnings
      : []
    : showError
      ? [parsed.error]
      : []

  const search = (typed: string) => {
    if (parse(typed).ok) {
      setRefused(undefined)
      ask(typed.trim())
    } else setRefused(typed)
  }
  const box = useBox({ text, setText, search, says, remarks })

  // The URL is the truth: Back, a menu or a link bring another text.
  useLayoutEffect(() => {
    setText(q)
    setRefused(undefined)
  }, [q])

  useCommand('focus-query', () => box.focus())
  const isBad = refused === text && !parsed.ok
  return (
    <div className={isBad ? 'query bad' : 'query'}>
      <div className="query-line">
        <Icon name="search" />
        <div className="query-box" ref={box.place}>
          {box.isPlain && (
            <textarea
              ref={box.plain}
              rows={Math.min(LINES_SHOWN, text.split('\n').length)}
              className="query-plain"
              aria-label={t('query.label')}
              aria-describedby={says}
              placeholder={t('query.placeholder')}
              spellCheck={false}
              autoCapitalize="off"
              autoCorrect="off"
              enterKeyHint="search"
              value={text}
              onChange={(event) => setText(event.target.value)}
              onKeyDown={(event) => {
                if (event.nativeEvent.isComposing || event.key !== 'Enter' || event.shiftKey) return
                event.preventDefault()
                search(text)
              }}
            />
          )}
        </div>
        {text !== '' && (
          <button
            type="button"
            className="square"
            aria-label={t('query.clear')}
            title={t('query.clear')}
            onClick={() => {
              setText('')
              if (q !== '') ask('')
              box.focus()
            }}
          >
            <Icon name="close" />
          </button>
        )}
        <SaveMenu q={text} />
      </div>
      <div id={says} className="query-says" aria-live="polite">
        {remarks.slice(0, WARNINGS_SHOWN).map((remark) => (
          <p key={`${remark.code}${remark.at.from}`} className={parsed.ok ? 'warned' : 'wrong'}>
            <Icon name="warning" /> {said(remark, catalogue)}{' '}
            {remark.fix !== undefined && (
              <button
                type="button"
                className="framed"
                onClick={() => {
                  const mended = `${text.slice(0, remark.at.from)}${remark.fix}${text.slice(remark.at.to)}`
                  setText(mended)
                  if (parse(mended).ok) search(mended)
                  box.focus()
                }}
              >
                {remark.fix === '' ? t('query.fixRemove') : t('query.fixTo', { text: remark.fix })}
              </button>
            )}
          </p>
        ))}
        {isBad && <p className="quiet">{t('query.stale')}</p>}
      </div>
    </div>
  )
}

/** A query gets a name and a place among the filters. */
function SaveMenu({ q }: { q: string }) {
  const { t } = useLanguage()
  const page = usePage()
  const [name, setName] = useState('')
  const place = useRef<HTMLSpanElement>(null)
  useCommand('save-query', () => place.current?.querySelector('button')?.click())
  return (
    <span ref={place}>
      <Popup
        className="square"
        label={t('query.save')}
        face={<Icon name="star" />}
        right
        onOpen={() => setName(q)}
      >
        {(close) => (
          <form
            className="query-save"
            onSubmit={(event) => {
              event.preventDefault()
              if (name.trim() === '') return
              saveQuery({ name: name.trim(), q })
              close()
              page.toast(t('query.saved', { name: name.trim() }))
            }}
          >
            <input
              data-first
              aria-label={t('query.saveName')}
              placeholder={t('query.saveName')}
              value={name}
              maxLength={100}
              onChange={(event) => setName(event.target.value)}
              onFocus={(event) => event.target.select()}
            />
            <button type="submit" className="primary" disabled={name.trim() === ''}>
              {t('query.saveButton')}
            </button>
          </form>
        )}
      </Popup>
    </span>
  )
}

interface BoxWiring {
  text: string
  setText: (text: string) => void
  search: (text: string) => void
  says: string
  remarks: Diagnostic[]
}

/** The text area, and the editor that takes its place on focus or when the browser has nothing else to do. */
function useBox({ text, setText, search, says, remarks }: BoxWiring) {
  const { t, language } = useLanguage()
  const page = usePage()
  const place = useRef<HTMLDivElement>(null)
  const plain = useRef<HTMLTextAreaElement>(null)
  const [editor, setEditor] = useState<QueryEditor>()
  const latest = useRef({ text, search })
  latest.current = { text, search }
  const words = useRef<EditorWords>(undefined)
  words.current = {
    label: t('query.label'),
    describedBy: says,
    placeholder: t('query.placeholder'),
    suggestions: t('query.suggestions'),
    locale: LOCALE[language],
    kinds: {
      builtin: t('query.builtin'),
      field: t('query.field'),
      operator: t('query.operator'),
      value: t('query.value'),
      recent: t('query.recent'),
      saved: t('query.savedKind')
    }
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: the editor is made once; what changes reaches it by refs.
  useEffect(() => {
    const area = plain.current
    const stop = new AbortController()
    let made: QueryEditor | undefined
    const make = async () => {
      const { QueryEditor } = await import('./editor.ts')
      // A word that is just being composed must not lose its text area.
      if (composing)
        await new Promise((ended) => area?.addEventListener('compositionend', ended, { once: true }))
      if (stop.signal.aborted || made || !place.current || !words.current) return
      const completer = new Completer(page.client, page.history.view.get)
      const caret =
        area && document.activeElement === area ? [area.selectionStart, area.selectionEnd] : undefined
      made = new QueryEditor(
        {
          place: place.current,
          text: area?.value ?? latest.current.text,
          onChange: setText,
          onSearch: () => latest.current.search(made?.text ?? ''),
          last: () => recentQueries()[0],
          onLeave: () => page.commands.run('focus-list'),
          complete: (typed, at, signal) => completer.at(typed, at, signal)
        },
        words.current
      )
      // At once: a key in between would give the focus to the text area, and it would go with that.
      flushSync(() => setEditor(made))
      if (caret) made.focus(caret[0], caret[1])
    }
    let composing = false
    area?.addEventListener('compositionstart', () => (composing = true), { signal: stop.signal })
    area?.addEventListener('compositionend', () => (composing = false), { signal: stop.signal })
    area?.addEventListener('focus', () => void make(), { signal: stop.signal })
    const idle =
      'requestIdleCallback' in window ? requestIdleCallback(() => void make()) : setTimeout(make, 1000)
    return () => {
      stop.abort()
      if ('cancelIdleCallback' in window) cancelIdleCallback(idle as number)
      else clearTimeout(idle)
      made?.destroy()
      setEditor(undefined)
    }
  }, [page])

  useLayoutEffect(() => editor?.setText(text), [editor, text])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the words follow the language.
  useEffect(() => {
    if (words.current) editor?.setWords(words.current)
  }, [editor, language])
  const marks = JSON.stringify(remarks.map(({ at, code }) => [at.from, at.to, code]))
  // biome-ignore lint/correctness/useExhaustiveDependencies: `marks` says whether the remarks are others.
  useEffect(() => {
    const kind = parse(text).ok ? 'warned' : 'wrong'
    editor?.remark(remarks.map(({ at }) => ({ ...at, kind })))
  }, [editor, marks])

  return {
    place,
    plain,
    isPlain: editor === undefined,
    focus: () => (editor ? editor.focus(editor.text.length) : plain.current?.focus())
  }
}

/** The text as it last stood still for a while. */
function useRested(changing: string): string {
  const [still, setStill] = useState(changing)
  useEffect(() => {
    const timer = setTimeout(() => setStill(changing), REST_MS)
    return () => clearTimeout(timer)
  }, [changing])
  return still
}
