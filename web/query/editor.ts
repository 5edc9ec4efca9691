import {
  acceptCompletion,
  autocompletion,
  type Completion as CodeMirrorCompletion,
  type CompletionContext,
  type CompletionResult,
  closeCompletion,
  completionStatus,
  moveCompletionSelection,
  selectedCompletionIndex,
  startCompletion
} from '@codemirror/autocomplete'
import { history, historyKeymap } from '@codemirror/commands'
import {
  Compartment,
  EditorState,
  Facet,
  Prec,
  RangeSetBuilder,
  StateEffect,
  StateField
} from '@codemirror/state'
import { Decoration, type DecorationSet, EditorView, keymap, placeholder } from '@codemirror/view'
import { parse } from '../../collector/query/grammar.ts'
import type { Option } from './complete.ts'
import type { Completion } from './completer.ts'

/** Where something is to be said about the text. */
export interface Remark {
  from: number
  to: number
  kind: 'wrong' | 'warned'
}

export interface EditorWords {
  label: string
  describedBy: string
  placeholder: string
  suggestions: string
  kinds: Record<Option['kind'], string>
  locale: string
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

/** Completion waits so long after a key. */
const REST_MS = 150

/**
 * The query box once it is more than a text area: colours, underlines and completion by CodeMirror. This module is
 * loaded when the box is first needed. Enter always searches, Tab takes a suggestion, nothing is chosen beforehand.
 */
export class QueryEditor {
  readonly #view: EditorView
  readonly #words = new Compartment()

  constructor(wiring: Wiring, words: EditorWords) {
    this.#view = new EditorView({
      parent: wiring.place,
      state: EditorState.create({
        doc: wiring.text,
        extensions: [
          Prec.highest(keymap.of(keysOf(wiring))),
          history(),
          keymap.of(historyKeymap),
          EditorView.lineWrapping,
          colours,
          remarks,
          autocompletion({
            override: [(context) => this.#complete(context, wiring)],
            defaultKeymap: false,
            selectOnOpen: false,
            interactionDelay: 0,
            activateOnTypingDelay: REST_MS,
            icons: false,
            addToOptions: [{ render: kindOf, position: 10 }],
            tooltipClass: () => 'query-suggestions'
          }),
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

  async #complete(context: CompletionContext, wiring: Wiring): Promise<CompletionResult | null> {
    // Half a Chinese word is no reason to suggest anything.
    if (context.view?.composing) return null
    const text = context.state.doc.toString()
    if (text.trim() === '' && !context.explicit) return null
    const stop = new AbortController()
    context.addEventListener('abort', () => stop.abort())
    const found = await wiring.complete(text, context.pos, stop.signal)
    if (!found || found.options.length === 0 || context.aborted) return null
    const locale = context.state.facet(wordsInForce)?.locale ?? 'en'
    return {
      from: found.from,
      to: found.to,
      filter: false,
      options: found.options.map((option) => shownAs(option, locale))
    }
  }
}

function keysOf(wiring: Wiring) {
  return [
    {
      key: 'Enter',
      run: (view: EditorView) => {
        if (view.composing) return false
        closeCompletion(view)
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
    {
      key: 'Tab',
      run: (view: EditorView) => {
        if (completionStatus(view.state) !== 'active') return false
        if (selectedCompletionIndex(view.state) === null) moveCompletionSelection(true)(view)
        return acceptCompletion(view)
      }
    },
    { key: 'Ctrl-Space', run: startCompletion },
    { key: 'Alt-Escape', run: startCompletion },
    { key: 'ArrowDown', run: moveCompletionSelection(true) },
    {
      key: 'ArrowUp',
      run: (view: EditorView) => {
        if (moveCompletionSelection(false)(view)) return true
        const last = view.state.doc.length === 0 ? wiring.last() : undefined
        if (last === undefined) return false
        view.dispatch({ changes: { from: 0, insert: last }, selection: { anchor: last.length } })
        return true
      }
    },
    { key: 'PageDown', run: moveCompletionSelection(true, 'page') },
    { key: 'PageUp', run: moveCompletionSelection(false, 'page') },
    {
      key: 'Escape',
      run: (view: EditorView) => {
        if (!closeCompletion(view)) wiring.onLeave()
        return true
      }
    }
  ]
}

function inWords(words: EditorWords) {
  return [
    placeholder(words.placeholder),
    EditorState.phrases.of({ Completions: words.suggestions }),
    EditorView.contentAttributes.of({
      'aria-label': words.label,
      'aria-describedby': words.describedBy,
      enterkeyhint: 'search',
      spellcheck: 'false',
      autocapitalize: 'off',
      autocorrect: 'off'
    }),
    wordsInForce.of(words)
  ]
}

/** The words in force, for what the list draws by itself. */
const wordsInForce = Facet.define<EditorWords, EditorWords | undefined>({ combine: ([words]) => words })

function kindOf(completion: CodeMirrorCompletion, state: EditorState): Node {
  const shown = document.createElement('span')
  shown.className = 'query-kind'
  // A list of nothing but values needs no word for it.
  const kind = completion.type as Option['kind']
  shown.textContent = kind === 'value' ? '' : (state.facet(wordsInForce)?.kinds[kind] ?? '')
  return shown
}

function shownAs(option: Option, locale: string): CodeMirrorCompletion {
  return {
    label: option.label,
    type: option.kind,
    apply: (view, _completion, from, to) => {
      view.dispatch({
        changes: { from, to, insert: option.insert },
        selection: { anchor: from + option.insert.length },
        userEvent: 'input.complete'
      })
      if (option.more) startCompletion(view)
    },
    ...(option.count === undefined ? {} : { detail: new Intl.NumberFormat(locale).format(option.count) })
  }
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
