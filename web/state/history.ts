import { Store } from './store.ts'
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
  anchor?: Anchor
  /** Record `at` is shown in full. */
  open?: boolean
}

/** One user action is one entry; moving about within a view replaces. */
export type How = 'push' | 'replace'

export type Browser = Pick<Window, 'location' | 'history' | 'addEventListener' | 'removeEventListener'>

/** The view as the URL says it, and the browser's history under it. */
export class ViewHistory implements Disposable {
  readonly view: Store<View>
  readonly entry: Store<Entry>
  readonly #browser: Browser
  #made = 0

  constructor(browser: Browser) {
    this.#browser = browser
    this.view = new Store(viewOf(browser.location))
    this.entry = new Store(entryOf(browser.history.state) ?? { key: this.#newKey() })
    browser.history.scrollRestoration = 'manual'
    browser.history.replaceState(this.entry.get(), '', urlOf(this.view.get()))
    browser.addEventListener('popstate', this.#popped)
  }

  readonly setView = (change: Partial<View>, how: How = 'push'): void => {
    const next = { ...this.view.get(), ...change }
    if (how === 'push') {
      const entry: Entry = { key: this.#newKey() }
      this.#browser.history.pushState(entry, '', urlOf(next))
      this.entry.set(entry)
    } else {
      this.#browser.history.replaceState(this.entry.get(), '', urlOf(next))
    }
    this.view.set(next)
  }

  /** Remembers something in the present entry without touching the URL. */
  readonly mark = (change: Partial<Entry>): void => {
    const next = { ...this.entry.get(), ...change }
    this.#browser.history.replaceState(next, '', urlOf(this.view.get()))
    this.entry.set(next)
  };

  [Symbol.dispose](): void {
    this.#browser.removeEventListener('popstate', this.#popped)
  }

  readonly #popped = (): void => {
    this.entry.set(entryOf(this.#browser.history.state) ?? { key: this.#newKey() })
    this.view.set(viewOf(this.#browser.location))
  }

  #newKey(): string {
    return `${Date.now().toString(36)}-${this.#made++}`
  }
}

function entryOf(state: unknown): Entry | undefined {
  if (typeof state !== 'object' || state === null || !('key' in state)) return undefined
  return typeof state.key === 'string' ? (state as Entry) : undefined
}
