/**
 * Says when to look into folders again: while something is being written there, whenever the folders' own times have
 * changed; while all is quiet, when the kernel tells of a change, and now and then all the same.
 */
import { type FSWatcher, lstatSync, watch } from 'node:fs'
import { STEP_MS } from '../files/source.ts'

export interface LookoutOptions {
  /** Looks, and says which folders are of interest. */
  look: () => readonly string[]
  /** Something is being written just now. */
  isHot: () => boolean
  pollMs: number
  idleMs: number
}

/** Where not every folder can be watched (no inotify watches left, a network file system). */
const UNWATCHED_MS = 1000
/** Looking takes at most a twentieth of the time, but is not put off for longer than this. */
const REST_PER_LOOK = 20
const LONGEST_REST_MS = 250
const MAX_WATCHES = 500

export class Lookout {
  readonly #options: LookoutOptions
  readonly #watchers = new Map<string, FSWatcher>()
  /** The folders with the moment of their last change; undefined where it must be looked again. */
  #folders = new Map<string, number | undefined>()
  #unwatchable = false
  #timer: NodeJS.Timeout | undefined
  #dueMs = 0
  #mayLookMs = 0
  #closed = false

  constructor(options: LookoutOptions) {
    this.#options = options
  }

  /** Looks now. */
  look(): void {
    if (this.#closed) return
    const startedMs = performance.now()
    const times = new Map([...this.#folders.keys()].map((folder) => [folder, changeOf(folder)]))
    const folders = this.#options.look()
    const nowMs = Date.now()
    this.#folders = new Map(
      folders.map((folder) => {
        const ms = times.get(folder)
        // Changed this lately, it may be changed again unseen.
        return [folder, ms !== undefined && nowMs - ms > STEP_MS ? ms : undefined]
      })
    )
    const restMs = Math.min(LONGEST_REST_MS, (performance.now() - startedMs) * REST_PER_LOOK)
    this.#mayLookMs = performance.now() + restMs
    this.#plan(this.#restMs())
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#unwatch(new Set())
  }

  #tick(): void {
    const hot = this.#options.isHot()
    // While it is written to, watching would cost more than asking.
    if (hot && ![...this.#folders].some(([folder, ms]) => ms === undefined || ms !== changeOf(folder))) {
      this.#plan(this.#restMs())
    } else this.look()
  }

  #restMs(): number {
    const { isHot, pollMs, idleMs } = this.#options
    if (isHot()) {
      this.#unwatch(new Set())
      return pollMs
    }
    const isNew = this.#watch()
    // What came before a folder was watched is seen by one more look.
    if (isNew) return 1
    return this.#unwatchable ? Math.min(UNWATCHED_MS, idleMs) : idleMs
  }

  #plan(ms: number): void {
    if (this.#closed) return
    const dueMs = Math.max(performance.now() + ms, this.#mayLookMs)
    clearTimeout(this.#timer)
    this.#dueMs = dueMs
    this.#timer = setTimeout(() => this.#tick(), Math.max(1, dueMs - performance.now()))
  }

  /** True where a watch has begun. */
  #watch(): boolean {
    this.#unwatch(new Set(this.#folders.keys()))
    this.#unwatchable = this.#folders.size > MAX_WATCHES
    let isNew = false
    for (const folder of [...this.#folders.keys()].slice(0, MAX_WATCHES)) {
      if (this.#watchers.has(folder)) continue
      try {
        const watcher = watch(folder, { persistent: false })
        watcher.on('change', () => this.#soon())
        watcher.on('error', () => {
          watcher.close()
          this.#watchers.delete(folder)
          this.#soon()
        })
        this.#watchers.set(folder, watcher)
        isNew = true
      } catch (error) {
        this.#unwatchable ||= (error as NodeJS.ErrnoException).code !== 'ENOENT'
      }
    }
    return isNew
  }

  #unwatch(but: ReadonlySet<string>): void {
    for (const [folder, watcher] of this.#watchers) {
      if (but.has(folder)) continue
      watcher.close()
      this.#watchers.delete(folder)
    }
  }

  #soon(): void {
    if (performance.now() >= this.#mayLookMs) this.look()
    else if (this.#dueMs > this.#mayLookMs) this.#plan(0)
  }
}

/** When an entry of the folder was last made, renamed or removed. */
function changeOf(folder: string): number | undefined {
  try {
    return lstatSync(folder, { throwIfNoEntry: false })?.mtimeMs
  } catch {
    return undefined
  }
}
