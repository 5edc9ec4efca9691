import { useDeferredValue, useEffect, useMemo, useRef } from 'react'
import { usePage, useSettings } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { useLanguage } from '../words/index.ts'
import { stripped } from './ansi.ts'
import type { Feed } from './feed.ts'
import type { Find } from './find.ts'
import { shownText } from './text.ts'

/** Finds in every loaded row, drawn or not. Asked again from inside its field, the browser's own find opens. */
export function FindBar({ find, feed }: { find: Find; feed: Feed }) {
  const { t } = useLanguage()
  const { commands } = usePage()
  const { text, at } = useStore(find.state)
  const [{ pretty }] = useSettings()
  const version = useStore(feed.rows.version)
  const field = useRef<HTMLInputElement>(null)
  const deferred = useDeferredValue(text)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows change in place; their version tells
  const keys = useMemo(() => keysOf(feed, deferred, pretty), [feed, deferred, pretty, version])
  const place = at ? keys.indexOf(at.key) + 1 : 0
  useEffect(() => field.current?.focus(), [])
  const close = () => {
    find.close()
    commands.run('focus-list')
  }
  return (
    <search className="find" aria-label={t('find.label')}>
      <input
        ref={field}
        className="find-field"
        value={text}
        placeholder={t('find.placeholder')}
        aria-label={t('find.label')}
        onChange={(event) => find.type(event.target.value)}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return
          if (event.key === 'Enter') commands.run(event.shiftKey ? 'find-previous' : 'find-next')
          else if (event.key === 'Escape') close()
          else return
          event.preventDefault()
          event.stopPropagation()
        }}
      />
      <span className="quiet" role="status">
        {text !== '' && t('find.count', { at: place, count: keys.length })}
      </span>
      <button type="button" onClick={() => commands.run('find-previous')} title={t('find.previous')}>
        <span aria-hidden="true">↑</span>
        <span className="hidden-text">{t('find.previous')}</span>
      </button>
      <button type="button" onClick={() => commands.run('find-next')} title={t('find.next')}>
        <span aria-hidden="true">↓</span>
        <span className="hidden-text">{t('find.next')}</span>
      </button>
      <button type="button" onClick={close} title={t('page.close')}>
        <span aria-hidden="true">✕</span>
        <span className="hidden-text">{t('page.close')}</span>
      </button>
    </search>
  )
}

function keysOf(feed: Feed, text: string, pretty: boolean): string[] {
  if (text === '') return []
  const needle = text.toLowerCase()
  const keys: string[] = []
  for (const row of feed.rows.items) {
    if (row.kind !== 'record') continue
    if (
      stripped(shownText(row.record, pretty, false).text)
        .toLowerCase()
        .includes(needle)
    )
      keys.push(row.key)
  }
  return keys
}
