import { type EditorState, type Extension, StateEffect, StateField } from '@codemirror/state'
import { EditorView, showTooltip, type TooltipView, ViewPlugin, type ViewUpdate } from '@codemirror/view'
import type { Option } from './complete.ts'
import type { Completion } from './completer.ts'

export interface SuggestWords {
  suggestions: string
  kinds: Record<Option['kind'], string>
  locale: string
}

interface Wiring {
  complete: (text: string, caret: number, signal: AbortSignal) => Promise<Completion | undefined>
  words: () => SuggestWords
}

/** What is offered now. `chosen` is -1 until the reader moves into the list: nothing is chosen beforehand. */
interface Offer extends Completion {
  chosen: number
}

/** Suggestions wait so long after a key. */
const REST_MS = 150
const LIST_ID = 'query-suggestions'

const setOffer = StateEffect.define<Offer | undefined>()
const askNow = StateEffect.define<null>()

const offered = StateField.define<Offer | undefined>({
  create: () => undefined,
  update(offer, transaction) {
    for (const effect of transaction.effects) if (effect.is(setOffer)) return effect.value
    if (!offer || !transaction.docChanged) return transaction.selection ? undefined : offer
    // Stays while the next answer is on its way, and stands for what is typed meanwhile too.
    const { changes } = transaction
    return { ...offer, chosen: -1, from: changes.mapPos(offer.from, -1), to: changes.mapPos(offer.to, 1) }
  }
})

/** The list below the box: opened by typing or Ctrl+Space, never by itself, and never while a word is composed. */
export function suggestions(wiring: Wiring): Extension {
  return [
    offered,
    showTooltip.compute([offered], (state) => {
      const offer = state.field(offered)
      if (!offer) return null
      return { pos: offer.from, above: false, create: (view: EditorView) => listOf(view, wiring.words()) }
    }),
    EditorView.contentAttributes.compute([offered], (state) => attributesOf(state.field(offered))),
    ViewPlugin.define((view) => new Asker(view, wiring)),
    EditorView.domEventHandlers({ blur: (_event, view) => void close(view) })
  ]
}

export function isOpen(state: EditorState): boolean {
  return state.field(offered) !== undefined
}

/** False where nothing was open. */
export function close(view: EditorView): boolean {
  if (!isOpen(view.state)) return false
  view.dispatch({ effects: setOffer.of(undefined) })
  return true
}

export function askForMore(view: EditorView): boolean {
  view.dispatch({ effects: askNow.of(null) })
  return true
}

/** Chooses the next or previous line of the list, round at its ends. */
export function step(view: EditorView, by: 1 | -1): boolean {
  const offer = view.state.field(offered)
  if (!offer) return false
  const { length } = offer.options
  const chosen = offer.chosen < 0 ? (by > 0 ? 0 : length - 1) : (offer.chosen + by + length) % length
  view.dispatch({ effects: setOffer.of({ ...offer, chosen }) })
  return true
}

/** Takes the chosen line, else the first. */
export function accept(view: EditorView, index?: number): boolean {
  const offer = view.state.field(offered)
  const option = offer?.options[index ?? Math.max(0, offer.chosen)]
  if (!offer || !option) return false
  view.dispatch({
    changes: { from: offer.from, to: offer.to, insert: option.insert },
    selection: { anchor: offer.from + option.insert.length },
    effects: option.more ? [setOffer.of(undefined), askNow.of(null)] : setOffer.of(undefined),
    userEvent: 'complete'
  })
  return true
}

class Asker {
  readonly #view: EditorView
  readonly #wiring: Wiring
  #timer: ReturnType<typeof setTimeout> | undefined
  #stop = new AbortController()

  constructor(view: EditorView, wiring: Wiring) {
    this.#view = view
    this.#wiring = wiring
  }

  update(update: ViewUpdate): void {
    const now = update.transactions.some((one) => one.effects.some((effect) => effect.is(askNow)))
    const typed = update.transactions.some((one) => one.isUserEvent('input') || one.isUserEvent('delete'))
    if (now) this.#later(0, true)
    else if (typed && update.docChanged) this.#later(REST_MS, false)
    else if (update.selectionSet || update.docChanged) this.#cancel()
  }

  destroy(): void {
    this.#cancel()
  }

  #later(ms: number, asked: boolean): void {
    this.#cancel()
    this.#timer = setTimeout(() => void this.#ask(asked), ms)
  }

  #cancel(): void {
    clearTimeout(this.#timer)
    this.#stop.abort()
  }

  async #ask(asked: boolean): Promise<void> {
    const view = this.#view
    const text = view.state.doc.toString()
    // Half a Chinese word, or nothing at all, is no reason to suggest anything.
    if (view.composing || (text.trim() === '' && !asked)) return void close(view)
    const stop = new AbortController()
    this.#stop = stop
    const found = await this.#wiring.complete(text, view.state.selection.main.head, stop.signal)
    if (stop.signal.aborted || view.composing || !view.hasFocus) return
    const offer = found && found.options.length > 0 ? { ...found, chosen: -1 } : undefined
    if (offer || isOpen(view.state)) view.dispatch({ effects: setOffer.of(offer) })
  }
}

function attributesOf(offer: Offer | undefined): Record<string, string> {
  if (!offer) return { 'aria-autocomplete': 'list' }
  const controls = { 'aria-autocomplete': 'list', 'aria-controls': LIST_ID }
  return offer.chosen < 0 ? controls : { ...controls, 'aria-activedescendant': `${LIST_ID}-${offer.chosen}` }
}

function listOf(view: EditorView, words: SuggestWords): TooltipView {
  const list = document.createElement('ul')
  list.id = LIST_ID
  list.className = 'query-suggestions'
  list.setAttribute('role', 'listbox')
  list.setAttribute('aria-label', words.suggestions)
  const draw = (offer: Offer | undefined) => {
    list.replaceChildren(
      ...(offer?.options ?? []).map((option, index) =>
        rowOf(view, option, index, offer?.chosen === index, words)
      )
    )
    list.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }
  draw(view.state.field(offered))
  return {
    dom: list,
    update: (update) => {
      if (update.startState.field(offered) !== update.state.field(offered)) draw(update.state.field(offered))
    }
  }
}

function rowOf(
  view: EditorView,
  option: Option,
  index: number,
  isChosen: boolean,
  words: SuggestWords
): HTMLElement {
  const row = document.createElement('li')
  row.id = `${LIST_ID}-${index}`
  row.setAttribute('role', 'option')
  row.setAttribute('aria-selected', String(isChosen))
  row.append(part('query-label', option.label))
  if (option.count !== undefined) {
    row.append(part('query-count', new Intl.NumberFormat(words.locale).format(option.count)))
  }
  // A list of nothing but values needs no word for it.
  if (option.kind !== 'value') row.append(part('query-kind', words.kinds[option.kind]))
  row.addEventListener('mousedown', (event) => {
    event.preventDefault()
    accept(view, index)
  })
  return row
}

function part(className: string, text: string): HTMLElement {
  const shown = document.createElement('span')
  shown.className = className
  shown.textContent = text
  return shown
}
