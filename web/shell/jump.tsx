import { useId, useState } from 'react'
import { useSaved } from '../query/saved.ts'
import { usePage, useSetView, useView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import type { View } from '../state/view.ts'
import { useLanguage } from '../words/index.ts'
import { Dialog } from './dialog.tsx'

interface Target {
  id: string
  kind: 'jump.app' | 'jump.environment' | 'jump.saved'
  name: string
  detail: string
  change: Partial<View>
}

const SHOWN = 50

/** Type a few letters, Enter goes there. */
export function JumpDialog() {
  const page = usePage()
  const onClose = () => page.dialog.set('')
  const { t } = useLanguage()
  const setView = useSetView()
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState(0)
  const found = matching(useTargets(), text).slice(0, SHOWN)
  const list = useId()
  const active = Math.min(chosen, found.length - 1)
  const go = (target: Target | undefined) => {
    if (!target) return
    onClose()
    setView({ at: '', ctx: '', ...target.change })
  }
  return (
    <Dialog title={t('jump.title')} shape="top" onClose={onClose}>
      <input
        data-first
        className="jump-box"
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={found[active] ? `${list}-${active}` : undefined}
        aria-label={t('jump.title')}
        placeholder={t('jump.placeholder')}
        spellCheck={false}
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setChosen(0)
        }}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return
          if (event.key === 'Enter') go(found[active])
          else if (event.key === 'ArrowDown') setChosen((active + 1) % Math.max(1, found.length))
          else if (event.key === 'ArrowUp') setChosen((active <= 0 ? found.length : active) - 1)
          else return
          event.preventDefault()
        }}
      />
      <div
        className="jump-list"
        role="listbox"
        id={list}
        aria-label={t('jump.results', { count: found.length })}
      >
        {found.map((target, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the box above holds the focus and the keys.
          <div
            key={target.id}
            id={`${list}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            className="jump-row"
            ref={index === active ? intoView : undefined}
            onClick={() => go(target)}
          >
            <span className="quiet">{t(target.kind)}</span>
            <span>{target.name}</span>
            <span className="quiet">{target.detail}</span>
          </div>
        ))}
      </div>
      {found.length === 0 && <p className="quiet padded">{t('jump.none', { text })}</p>}
    </Dialog>
  )
}

function useTargets(): Target[] {
  const { t } = useLanguage()
  const { apps } = useStore(usePage().fleet)
  const { environment } = useView()
  const saved = useSaved()
  const environments = [...new Set(apps.map((app) => app.environment))].filter(Boolean).sort()
  return [
    ...apps.map(
      (app): Target => ({
        id: `app ${app.environment} ${app.app}`,
        kind: 'jump.app',
        name: app.environment === '' ? app.app : `${app.app} · ${app.environment}`,
        detail: t('jump.lines', { count: app.records }),
        change: { app: app.app, environment: app.environment }
      })
    ),
    { id: 'all', kind: 'jump.app', name: t('jump.all'), detail: '', change: { app: '', environment } },
    ...environments.map(
      (name): Target => ({
        id: `environment ${name}`,
        kind: 'jump.environment',
        name,
        detail: '',
        change: { environment: name, app: '' }
      })
    ),
    ...saved.map(
      (query): Target => ({
        id: `saved ${query.name}`,
        kind: 'jump.saved',
        name: query.name,
        detail: query.q,
        change: { q: query.q }
      })
    )
  ]
}

/** Every letter in order, names that hold the whole text first. */
function matching(targets: Target[], text: string): Target[] {
  const asked = text.trim().toLowerCase()
  if (asked === '') return targets
  const whole: Target[] = []
  const loose: Target[] = []
  for (const target of targets) {
    const name = target.name.toLowerCase()
    if (name.includes(asked)) whole.push(target)
    else if (isSubsequence(asked, name)) loose.push(target)
  }
  return [...whole, ...loose]
}

function isSubsequence(letters: string, text: string): boolean {
  let at = -1
  for (const letter of letters) {
    at = text.indexOf(letter, at + 1)
    if (at < 0) return false
  }
  return true
}

function intoView(row: HTMLElement | null): void {
  row?.scrollIntoView({ block: 'nearest' })
}
