/** Which question the list shows: follows the URL, keeps a few answered ones so that Back is instant. */
import type { Client } from '../api/client.ts'
import type { ViewHistory } from '../state/history.ts'
import type { Search } from '../state/page.ts'
import { Store } from '../state/store.ts'
import { searchKeyOf, type View } from '../state/view.ts'
import { Feed } from './feed.ts'

/** Answered questions that are kept for Back and Forward. */
const KEPT = 5

interface Wiring {
  client: Client
  history: ViewHistory
  search: Store<Search>
}

interface Kept {
  entry: string
  question: string
  feed: Feed
}

export class Explorer implements Disposable {
  readonly feed: Store<Feed>
  /** Key of the selected row, ''. In the search it stands in the URL as `at`; in a context only here. */
  readonly selected: Store<string>
  readonly #wiring: Wiring
  readonly #leave: (() => void)[] = []
  #kept: Kept[] = []
  #run: number
  #quiet: (() => void) | undefined

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.#run = wiring.search.get().run
    const view = wiring.history.view.get()
    this.selected = new Store(view.at)
    this.feed = new Store(this.#open())
    this.#leave.push(
      wiring.history.entry.subscribe(this.#follow),
      wiring.history.view.subscribe(this.#follow),
      wiring.search.subscribe(this.#follow)
    )
    this.#report()
  }

  /** Selects a row; moving about adds no entry to the history. */
  select(key: string, isRecord: boolean): void {
    this.selected.set(key)
    const { view, setView } = this.#wiring.history
    if (view.get().ctx === '' && isRecord && view.get().at !== key) setView({ at: key }, 'replace')
  }

  [Symbol.dispose](): void {
    for (const leave of this.#leave) leave()
    this.#quiet?.()
    for (const kept of this.#kept) kept.feed[Symbol.dispose]()
  }

  readonly #follow = (): void => {
    const view = this.#wiring.history.view.get()
    const entry = this.#wiring.history.entry.get().key
    // Another page stands in its place: what is still asked for, or follows, has nobody who reads it.
    if (view.page !== 'logs') {
      this.#retire()
      return
    }
    const again = this.#wiring.search.get().run !== this.#run
    const question = questionOf(view)
    const current = this.#kept.find((kept) => kept.feed === this.feed.get())
    if (view.ctx === '' && view.at !== '' && view.at !== this.selected.get()) this.selected.set(view.at)
    if (!again && current?.question === question) {
      // Another entry over the same question (order, columns): the same rows, and Back finds them too.
      if (current.entry !== entry) {
        this.#kept = this.#kept.filter((kept) => kept.entry !== entry)
        this.#kept.push({ ...current, entry })
      }
      return
    }
    this.#run = this.#wiring.search.get().run
    const known = again
      ? undefined
      : this.#kept.find((kept) => kept.entry === entry && kept.question === question)
    this.#retire()
    if (known) {
      this.#kept = [...this.#kept.filter((kept) => kept !== known), known]
      this.feed.set(known.feed)
    } else {
      this.selected.set(view.at)
      this.feed.set(this.#open(again))
    }
    this.#report()
  }

  /** @param again asked once more: from the newest end, wherever the reader was. */
  #open(again = false): Feed {
    const { client, history } = this.#wiring
    const view = history.view.get()
    const { key, anchor } = history.entry.get()
    const place = again ? undefined : (anchor ?? (view.at !== '' ? { id: view.at } : undefined))
    const feed = new Feed(client, view, place)
    if (view.page !== 'logs') return feed
    this.#kept = [
      ...this.#kept.filter((kept) => kept.entry !== key),
      { entry: key, question: questionOf(view), feed }
    ]
    void feed.start()
    return feed
  }

  /** A list that still asks, or that follows, is worth nothing once it is left; too many are too much memory. */
  #retire(): void {
    const left = this.feed.get()
    if (left.tail || left.status.get().phase !== 'shown') {
      left[Symbol.dispose]()
      this.#kept = this.#kept.filter((kept) => kept.feed !== left)
    }
    while (this.#kept.length >= KEPT) {
      const oldest = this.#kept.shift()
      if (oldest && !this.#kept.some((kept) => kept.feed === oldest.feed)) oldest.feed[Symbol.dispose]()
    }
  }

  /** Tells the rest of the page how the list's question stands. */
  #report(): void {
    const feed = this.feed.get()
    this.#quiet?.()
    const report = () => {
      const { phase, from, to, older, error } = feed.status.get()
      this.#wiring.search.update((old) => {
        const next: Search = {
          run: old.run,
          state: phase === 'asking' ? 'asking' : phase === 'failed' ? 'failed' : 'done',
          from,
          to,
          searchedTo: older.kind === 'stopped' ? older.at : undefined,
          error
        }
        const same = (Object.keys(next) as (keyof Search)[]).every((name) => next[name] === old[name])
        return same ? old : next
      })
    }
    this.#quiet = feed.status.subscribe(report)
    report()
  }
}

function questionOf(view: View): string {
  return view.ctx === '' ? `${searchKeyOf(view)} ${view.live}` : `${view.ctx} ${view.at}`
}
