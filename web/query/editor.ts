import {
  deleteCharBackward,
  deleteCharForward,
  deleteGroupBackward,
  deleteGroupForward,
  history,
  historyKeymap,
  selectAll
} from '@codemirror/commands'
import { Compartment, EditorState, Prec, RangeSetBuilder, StateEffect, StateField } from '@codemirror/state'
import { Decoration, type DecorationSet, EditorView, keymap, placeholder } from '@codemirror/view'
import { parse } from '../../collector/query/grammar.ts'
import type { Completion } from './completer.ts'
import { adoptStyles } from './styles.ts'
import { accept, askForMore, close, isOpen, type SuggestWords, step, suggestions } from './suggest.ts'

/** Where something is to be said about the text. */
export interface Remark {
  from: number
  to: number
  kind: 'wrong' | 'warned'
}

export interface EditorWords extends SuggestWords {
  label: string
  describedBy: string
  placeholder: string
}

interface Wiring {
  place: HTMLElement
  text: string
  onChange: (text: string) => void
  onSearch: () => void
  /** The last query, for ↑ in an empty box. */
  last: () => string | undefined
  /** Escape with nothing open. */
  onLeave: () => void
  complete: (text: string, caret: number, signal: AbortSignal) => Promise<Completion | undefined>
}

/**
 * The query box once it is more than a text area: colours, underlines and completion by CodeMirror. This module is
 * loaded when the box is first needed. Enter always searches, Tab takes a suggestion, nothing is chosen beforehand.
 */
export class QueryEditor {
  readonly #view: EditorView
  readonly #words = new Compartment()
  #spoken: EditorWords

  constructor(wiring: Wiring, words: EditorWords) {
    adoptStyles()
    this.#spoken = words
    this.#view = new EditorView({
      parent: wiring.place,
      state: EditorState.create({
        doc: wiring.text,
        extensions: [
          Prec.highest(keymap.of(keysOf(wiring))),
          history(),
          keymap.of([...historyKeymap, ...EDITING]),
          EditorView.lineWrapping,
          colours,
          remarks,
          suggestions({ complete: wiring.complete, words: () => this.#spoken }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) wiring.onChange(update.state.doc.toString())
          }),
          this.#words.of(inWords(words))
        ]
      })
    })
  }

  get text(): string {
    return this.#view.state.doc.toString()
  }

  /** Takes over what stands in the URL; the caret goes to the end. */
  setText(text: string): void {
    if (text === this.text) return
    this.#view.dispatch({
      changes: { from: 0, to: this.#view.state.doc.length, insert: text },
      selection: { anchor: text.length }
    })
  }

  setWords(words: EditorWords): void {
    this.#spoken = words
    this.#view.dispatch({ effects: this.#words.reconfigure(inWords(words)) })
  }

  remark(list: readonly Remark[]): void {
    this.#view.dispatch({ effects: setRemarks.of(list) })
  }

  focus(from?: number, to = from): void {
    this.#view.focus()
    if (from !== undefined) this.#view.dispatch({ selection: { anchor: from, head: to ?? from } })
  }

  destroy(): void {
    this.#view.destroy()
  }
}

/** What browsers do to an editable element by themselves leaves stray lines; moving about they do well. */
const EDITING = [
  { key: 'Mod-a', run: selectAll },
  { key: 'Backspace', run: deleteCharBackward, shift: deleteCharBackward },
  { key: 'Delete', run: deleteCharForward },
  { key: 'Mod-Backspace', mac: 'Alt-Backspace', run: deleteGroupBackward },
  { key: 'Mod-Delete', mac: 'Alt-Delete', run: deleteGroupForward }
]

function keysOf(wiring: Wiring) {
  return [
    {
      key: 'Enter',
      run: (view: EditorView) => {
        if (view.composing) return false
        close(view)
        wiring.onSearch()
        return true
      }
    },
    {
      key: 'Shift-Enter',
      run: (view: EditorView) => {
        view.dispatch(view.state.replaceSelection('\n'), { scrollIntoView: true })
        return true
      }
    },
    { key: 'Tab', run: (view: EditorView) => isOpen(view.state) && accept(view) },
    { key: 'Ctrl-Space', run: askForMore },
    { key: 'ArrowDown', run: (view: EditorView) => step(view, 1) },
    {
      key: 'ArrowUp',
      run: (view: EditorView) => {
        if (step(view, -1)) return true
        const last = view.state.doc.length === 0 ? wiring.last() : undefined
        if (last === undefined) return false
        view.dispatch({ changes: { from: 0, insert: last }, selection: { anchor: last.length } })
        return true
      }
    },
    {
      key: 'Escape',
      run: (view: EditorView) => {
        if (!close(view)) wiring.onLeave()
        return true
      }
    }
  ]
}

function inWords(words: EditorWords) {
  return [
    placeholder(words.placeholder),
    EditorView.contentAttributes.of({
      'aria-label': words.label,
      'aria-describedby': words.describedBy,
      enterkeyhint: 'search',
      spellcheck: 'false',
      autocapitalize: 'off',
      autocorrect: 'off'
    })
  ]
}

const setRemarks = StateEffect.define<readonly Remark[]>()

/** Wavy lines under what is wrong; they move with the text until the next look at it. */
const remarks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(lines, transaction) {
    let next = lines.map(transaction.changes)
    for (const effect of transaction.effects) {
      if (!effect.is(setRemarks)) continue
      const length = transaction.newDoc.length
      const marks = effect.value
        .map(({ from, to, kind }) => ({ from: Math.min(from, length), to: Math.min(to, length), kind }))
        .filter(({ from, to }) => to > from)
        .sort((a, b) => a.from - b.from)
      next = Decoration.set(
        marks.map(({ from, to, kind }) => Decoration.mark({ class: `query-${kind}` }).range(from, to))
      )
    }
    return next
  },
  provide: (field) => EditorView.decorations.from(field)
})

/** Longer texts are not coloured: it would be felt at every key. */
const COLOUR_LIMIT = 5000

const colours = StateField.define<DecorationSet>({
  create: (state) => coloured(state.doc.toString()),
  update: (marks, transaction) => (transaction.docChanged ? coloured(transaction.newDoc.toString()) : marks),
  provide: (field) => EditorView.decorations.from(field)
})

function coloured(text: string): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>()
  if (text.length > COLOUR_LIMIT) return builder.finish()
  const pieces = parse(text).pieces.toSorted((a, b) => a.from - b.from)
  for (const { kind, from, to } of pieces) {
    if (to > from) builder.add(from, to, Decoration.mark({ class: `query-${kind}` }))
  }
  return builder.finish()
}
