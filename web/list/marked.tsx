import './marked.css'
import { useEffect, useState } from 'react'
import { exclude, include } from '../../collector/query/grammar.ts'
import { useAskQuery } from '../query/ask.ts'
import { Icon } from '../shell/icon.tsx'
import { useView } from '../state/page.ts'
import { useLanguage } from '../words/index.ts'

/** A longer text is copied, not searched for. */
const LONGEST = 500
const ABOVE_PX = 36

interface Marked {
  text: string
  left: number
  top: number
}

/** What can be done with text that is marked in a line: it becomes a term of the query. */
export function MarkedMenu() {
  const { t } = useLanguage()
  const { q } = useView()
  const ask = useAskQuery()
  const marked = useMarked()
  if (!marked) return null
  const choose = (next: string) => {
    document.getSelection()?.removeAllRanges()
    ask(next)
  }
  return (
    <div
      className="marked"
      role="toolbar"
      aria-label={t('marked.label')}
      style={{ left: marked.left, top: marked.top }}
      // a press on a button must not take the mark away before it is read
      onPointerDown={(event) => event.preventDefault()}
    >
      <button type="button" onClick={() => choose(include(q, undefined, marked.text))}>
        <Icon name="search" /> {t('marked.search')}
      </button>
      <button type="button" onClick={() => choose(exclude(q, undefined, marked.text))}>
        <Icon name="close" /> {t('value.exclude')}
      </button>
    </div>
  )
}

/** The text that is marked within one line of the list, once the hand has let go of it. */
function useMarked(): Marked | undefined {
  const [marked, setMarked] = useState<Marked>()
  useEffect(() => {
    let isPressed = false
    const look = () => setMarked(markedIn(document.getSelection()))
    const press = () => {
      isPressed = true
    }
    const release = () => {
      isPressed = false
      look()
    }
    // a mark may come after the hand has let go (a busy browser, the keyboard), and goes when the lines do
    const change = () => {
      if (!isPressed) look()
      else setMarked((old) => (old && document.getSelection()?.isCollapsed === false ? old : undefined))
    }
    const hide = () => setMarked(undefined)
    // it may have been marked before this was here
    look()
    document.addEventListener('pointerdown', press)
    document.addEventListener('pointerup', release)
    document.addEventListener('pointercancel', release)
    document.addEventListener('selectionchange', change)
    document.addEventListener('wheel', hide, { passive: true })
    return () => {
      document.removeEventListener('pointerdown', press)
      document.removeEventListener('pointerup', release)
      document.removeEventListener('pointercancel', release)
      document.removeEventListener('selectionchange', change)
      document.removeEventListener('wheel', hide)
    }
  }, [])
  return marked
}

function markedIn(selection: Selection | null): Marked | undefined {
  if (!selection || selection.isCollapsed) return undefined
  const line = lineOf(selection.anchorNode)
  const text = selection.toString().trim()
  if (!line || line !== lineOf(selection.focusNode) || text === '' || text.length > LONGEST) return undefined
  const place = selection.getRangeAt(0).getBoundingClientRect()
  return { text, left: Math.max(4, place.left), top: Math.max(4, place.top - ABOVE_PX) }
}

function lineOf(node: Node | null): Element | undefined {
  const element = node instanceof Element ? node : node?.parentElement
  return element?.closest('.row .text') ?? undefined
}
