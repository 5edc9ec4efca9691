import { useEffect, useRef } from 'react'
import { usePage } from '../state/page.ts'
import { commandFor } from './bindings.ts'

/** A second key of a pair comes within this time. */
const PAIR_MS = 1000

/** Hears the keys of the whole page and hands them on as commands. */
export function Keyboard() {
  const page = usePage()
  const prefix = useRef({ key: '', atMs: 0 })
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.isComposing || event.defaultPrevented || event.key === 'Shift') return
      if (document.querySelector('dialog[open]') && !event.ctrlKey) return
      const target = event.target instanceof Element ? event.target : document.body
      const stroke = {
        key: event.key,
        ctrl: event.ctrlKey || event.metaKey,
        alt: event.altKey,
        inText:
          target.closest('input, textarea, select, [contenteditable="true"]') !== null && !isCheck(target),
        inList: target === document.body || target.matches('[role="row"], [role="grid"], .scroller'),
        singleKeys: page.settings.get().singleKeys
      }
      const before = Date.now() - prefix.current.atMs < PAIR_MS ? prefix.current.key : ''
      const { command, prefix: next } = commandFor(stroke, before)
      prefix.current = { key: next, atMs: Date.now() }
      if (command && page.commands.run(command)) event.preventDefault()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [page])
  return null
}

function isCheck(target: Element): boolean {
  return target instanceof HTMLInputElement && (target.type === 'checkbox' || target.type === 'radio')
}
