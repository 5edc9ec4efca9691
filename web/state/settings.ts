import { Store } from './store.ts'

/** What a reader sets once for this browser (theme and language aside, which keep themselves). Never sent. */
export interface Settings {
  /** An IANA zone; '' follows the browser. */
  zone: string
  density: 'normal' | 'dense'
  wrap: boolean
  /** JSON lines show their message and fields; off: the line as written. */
  pretty: boolean
  /** Letters act as commands outside text fields (WCAG 2.1.4 wants them to be switchable). */
  singleKeys: boolean
  /** Where an opened record stands. */
  record: 'below' | 'beside'
  /** Widths and heights of panes by name, in px. */
  panes: Readonly<Record<string, number>>
  /** Read new errors of the live tail aloud. */
  speakErrors: boolean
}

export const START_SETTINGS: Settings = {
  zone: '',
  density: 'normal',
  wrap: true,
  pretty: true,
  singleKeys: true,
  record: 'below',
  panes: {},
  speakErrors: false
}

const KEY = 'driftlog.settings'

/** Settings that were stored before; a storage that refuses (private windows) only forgets. */
export function settingsIn(storage: Pick<Storage, 'getItem' | 'setItem'>): Store<Settings> {
  const store = new Store<Settings>({ ...START_SETTINGS, ...read(storage) })
  store.subscribe(() => {
    try {
      storage.setItem(KEY, JSON.stringify(store.get()))
    } catch {
      // full or forbidden: the settings last as long as the page
    }
  })
  return store
}

function read(storage: Pick<Storage, 'getItem'>): Partial<Settings> {
  try {
    const value: unknown = JSON.parse(storage.getItem(KEY) ?? '{}')
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
