/** Everything that lives as long as the page; made once in main.tsx, read by hooks. */
import { createContext, use, useEffect, useEffectEvent } from 'react'
import type { Static } from 'typebox'
import type { AppJson, HostJson } from '../../server/api/fleet.ts'
import type { StatusAnswer } from '../../server/api/status.ts'
import { Client } from '../api/client.ts'
import { Login } from '../api/login.ts'
import { type Command, Commands, type Handler } from '../keys/commands.ts'
import { Explorer } from '../list/explorer.ts'
import { type Browser, ViewHistory } from './history.ts'
import { type Settings, settingsIn } from './settings.ts'
import { Store, useStore } from './store.ts'
import type { View } from './view.ts'

/** What the hub says of the fleet; refreshed now and then, and when the tail tells of a change. */
export interface Fleet {
  status: Static<typeof StatusAnswer> | undefined
  apps: readonly AppJson[]
  hosts: readonly HostJson[]
}

/** How the list's question stands; the histogram and the facets ask for themselves, under the same `run`. */
export interface Search {
  /** Counts up with every question put: Enter on the same text asks again. */
  run: number
  state: 'asking' | 'done' | 'failed'
  /** Of the answer shown; absent before the first. */
  from: string | undefined
  to: string | undefined
  /** Everything from here to the newest end was searched; absent when the whole range was. */
  searchedTo: string | undefined
  error: Error | undefined
}

export interface Toast {
  id: number
  kind: 'done' | 'failed'
  text: string
}

export type Dialog = '' | 'help' | 'jump'

export class Page implements Disposable {
  readonly login: Login
  readonly client: Client
  readonly history: ViewHistory
  readonly settings: Store<Settings>
  readonly commands = new Commands()
  readonly explorer: Explorer
  readonly fleet = new Store<Fleet>({ status: undefined, apps: [], hosts: [] })
  readonly search = new Store<Search>({
    run: 0,
    state: 'asking',
    from: undefined,
    to: undefined,
    searchedTo: undefined,
    error: undefined
  })
  readonly dialog = new Store<Dialog>('')
  readonly toasts = new Store<readonly Toast[]>([])
  #toastsMade = 0

  constructor(browser: Browser & Pick<Window, 'localStorage' | 'sessionStorage'>) {
    this.login = new Login(browser.sessionStorage)
    this.client = new Client(this.login)
    this.history = new ViewHistory(browser)
    this.settings = settingsIn(browser.localStorage)
    this.explorer = new Explorer(this)
  }

  readonly toast = (text: string, kind: Toast['kind'] = 'done'): void => {
    const toast = { id: this.#toastsMade++, kind, text }
    this.toasts.update((old) => [...old.slice(-2), toast])
    setTimeout(
      () => this.toasts.update((old) => old.filter((t) => t !== toast)),
      kind === 'done' ? 3000 : 8000
    )
  }

  /** Puts the question of the present view again. */
  readonly ask = (): void => {
    this.search.update((old) => ({ ...old, run: old.run + 1 }))
  }

  /** What failed for want of a login goes on; what stands on the page stays as it is. */
  readonly loggedIn = (): void => {
    this.login.done()
    const feed = this.explorer.feed.get()
    if (feed.status.get().phase === 'failed') this.ask()
    else feed.goOn()
  };

  [Symbol.dispose](): void {
    this.explorer[Symbol.dispose]()
    this.history[Symbol.dispose]()
  }
}

export const PageContext = createContext<Page | undefined>(undefined)

export function usePage(): Page {
  const page = use(PageContext)
  if (!page) throw new Error('usePage() outside of the page')
  return page
}

export function useView(): View {
  return useStore(usePage().history.view)
}

/** Changes the view: `push` (the default) for a user's action that Back shall undo, `replace` for moving about. */
export function useSetView(): ViewHistory['setView'] {
  return usePage().history.setView
}

export function useSettings(): [Settings, (change: Partial<Settings>) => void] {
  const { settings } = usePage()
  return [useStore(settings), (change) => settings.update((old) => ({ ...old, ...change }))]
}

/** Carries out `command` while the component is there. Return false to let the key keep its meaning. */
export function useCommand(command: Command, handler: Handler): void {
  const { commands } = usePage()
  const latest = useEffectEvent(handler)
  useEffect(() => commands.on(command, () => latest()), [commands, command])
}
