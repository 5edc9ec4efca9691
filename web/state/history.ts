import { Store, type Watchable } from './store.ts'
import { urlOf, type View, viewOf } from './view.ts'

/** Where the reader was: the first visible record and how far its top lies above the list's edge, in px. */
export interface Anchor {
  id: string
  offset: number
}

/** What an entry of the browser's history carries beside its URL. */
export interface Entry {
  /** Names the entry for as long as the tab lives. */
  key: string
  anchor?: Anchor | undefined
  /** The selected record is shown in full. */
  open?: boolean
  /** Made by an action in this page: Back leads to where it was taken. */
  pushed?: boolean
}

/** One user action is one entry; moving about within a view replaces. */
export type How = 'push' | 'replace'

export type Browser = Pick<Window, 'location' | 'history' | 'addEventListener' | 'removeEventListener'>

/** Browsers refuse entries that are written much more often than this. */
const WRITE_MS = 150

/** The view as the URL says it, and the browser's history under it. */
export class ViewHistory implements Disposable {
  readonly view: Watchable<View>
  readonly entry: Watchable<Entry>
  readonly #here: Store<{ view: View; entry: Entry }>
  readonly #browser: Browser
  /** Newer than the browser's: what was marked in an entry just before Back left it. */
  readonly #latest = new Map<string, Entry>()
  #made = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(browser: Browser) {
    this.#browser = browser
    const view = viewOf(browser.location)
    this.#here = new Store({ view, entry: entryOf(browser.history.state) ?? { key: this.#newKey() } })
    this.view = { get: () => this.#here.get().view, subscribe: this.#here.subscribe }
    this.entry = { get: () => this.#here.get().entry, subscribe: this.#here.subscribe }
    browser.history.scrollRestoration = 'manual'
    browser.history.replaceState(this.entry.get(), '', urlOf(view))
    browser.addEventListener('popstate', this.#popped)
    browser.addEventListener('pagehide', this.#write)
  }

  /** @param mark what a pushed entry remembers from its beginning. */
  readonly setView = (change: Partial<View>, how: How = 'push', mark: Omit<Entry, 'key'> = {}): void => {
    const { view, entry } = this.#here.get()
    const left: Partial<View> = how === 'push' && isNewQuestion(view, change) ? { at: '', ctx: '' } : {}
    const next: View = { ...view, ...left, ...change }
    if (how === 'push') {
      this.#write()
      const made: Entry = { ...mark, key: this.#newKey(), pushed: true }
      this.#browser.history.pushState(made, '', urlOf(next))
      this.#here.set({ view: next, entry: made })
    } else {
      this.#here.set({ view: next, entry })
      this.#writeSoon()
    }
  }

  /** Remembers something in the present entry without touching the URL. */
  readonly mark = (change: Partial<Entry>): void => {
    const { view, entry } = this.#here.get()
    const next = { ...entry, ...change }
    this.#latest.set(entry.key, next)
    this.#here.set({ view, entry: next })
    this.#writeSoon()
  }

  back(): void {
    this.#write()
    this.#browser.history.back()
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#browser.removeEventListener('popstate', this.#popped)
    this.#browser.removeEventListener('pagehide', this.#write)
  }

  #writeSoon(): void {
    this.#timer ??= setTimeout(this.#write, WRITE_MS)
  }

  readonly #write = (): void => {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    const { view, entry } = this.#here.get()
    this.#browser.history.replaceState(entry, '', urlOf(view))
  }

  /** What was not written yet belonged to the entry that was left; the browser has moved on from it. */
  readonly #popped = (): void => {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const entry = entryOf(this.#browser.history.state) ?? { key: this.#newKey() }
    this.#here.set({ view: viewOf(this.#browser.location), entry: this.#latest.get(entry.key) ?? entry })
  }

  #newKey(): string {
    return `${Date.now().toString(36)}-${this.#made++}`
  }
}

/** Another question begins at its own newest end, not at the record that was selected in the old one. */
function isNewQuestion(view: View, change: Partial<View>): boolean {
  return (['environment', 'app', 'q', 'from', 'to', 'live'] as const).some(
    (name) => change[name] !== undefined && change[name] !== view[name]
  )
}

function entryOf(state: unknown): Entry | undefined {
  if (typeof state !== 'object' || state === null || !('key' in state)) return undefined
  return typeof state.key === 'string' ? (state as Entry) : undefined
}
