/** Looks at the streams: often while they are written to, seldom while they are quiet, woken by the folder then. */
import { type FSWatcher, watch } from 'node:fs'
import type { Log } from './log.ts'

export interface PollerOptions {
  /** Between two looks at a stream that is being written to, in ms. */
  pollMs: number
  /** Between two looks at a quiet stream, in ms. */
  idleMs: number
  /** A stream has more to send. */
  grew: () => void
  /** A stream is finished: nothing of it is held any more. */
  done: (stream: Log) => void
  /** A stream's files cannot be read, or can be again (undefined). */
  unreadable: (stream: Log, error: Error | undefined) => void
  nowMs?: () => number
}

interface Watched {
  stream: Log
  nextMs: number
  /** When it was last seen to rotate. */
  rotatedMs: number
  folder: FSWatcher | undefined
  /** The folder cannot be watched (no inotify watches left, a network file system). */
  unwatchable: boolean
  failing: boolean
}

/** A stream stays hot for this long after it last grew. */
const HOT_MS = 2000
/** Without a watch on the folder a quiet stream is looked at this often. */
const UNWATCHED_MS = 1000
/**
 * A container can write about this fast through dockerd. A stream whose rotated files hold little is looked at
 * so often that even then none is deleted between two looks.
 */
const FASTEST_BYTES_PER_MS = 50_000
const SHORTEST_MS = 4
/** Where files rotate faster than this, each look may be the last chance of one, and a machine may be late. */
const RUSH_MS = 250

export class Poller {
  readonly #options: PollerOptions
  readonly #watched = new Map<Log, Watched>()
  readonly #nowMs: () => number
  #timer: NodeJS.Timeout | undefined
  #timerMs = Number.POSITIVE_INFINITY
  #closed = false

  constructor(options: PollerOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? Date.now
  }

  add(stream: Log): void {
    const watched: Watched = {
      stream,
      nextMs: 0,
      rotatedMs: 0,
      folder: undefined,
      unwatchable: false,
      failing: false
    }
    this.#watched.set(stream, watched)
    stream.grewMs = this.#nowMs()
    this.#look(watched)
    this.#plan(watched.nextMs)
  }

  /** Gives a stream up without a word: it is not to be read. */
  drop(stream: Log): void {
    this.#watched.get(stream)?.folder?.close()
    this.#watched.delete(stream)
    stream.close()
  }

  /** Looks at all streams that are being written to, now: what is sent next is as fresh as can be. */
  lookNow(): void {
    const nowMs = this.#nowMs()
    for (const watched of this.#watched.values())
      if (nowMs - watched.stream.grewMs < HOT_MS) this.#look(watched)
  }

  /** Looks at one stream now and keeps looking. */
  wake(stream: Log): void {
    const watched = this.#watched.get(stream)
    if (!watched) return
    stream.grewMs = this.#nowMs()
    this.#look(watched)
    this.#plan(watched.nextMs)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    for (const { stream, folder } of this.#watched.values()) {
      folder?.close()
      stream.close()
    }
    this.#watched.clear()
  }

  #tick(): void {
    this.#timerMs = Number.POSITIVE_INFINITY
    const nowMs = this.#nowMs()
    let nextMs = Number.POSITIVE_INFINITY
    for (const watched of this.#watched.values()) {
      if (watched.nextMs <= nowMs) this.#look(watched)
      nextMs = Math.min(nextMs, watched.nextMs)
    }
    this.#plan(nextMs)
  }

  #plan(atMs: number): void {
    if (this.#closed || atMs >= this.#timerMs) return
    clearTimeout(this.#timer)
    this.#timerMs = atMs
    this.#timer = setTimeout(() => this.#tick(), Math.max(1, atMs - this.#nowMs()))
  }

  #look(watched: Watched): void {
    const { stream } = watched
    const nowMs = this.#nowMs()
    const { rotations } = stream
    let grew = false
    try {
      grew = stream.poll(nowMs)
      if (stream.rotations > rotations) watched.rotatedMs = nowMs
      if (watched.failing) this.#options.unreadable(stream, undefined)
      watched.failing = false
    } catch (error) {
      if (!watched.failing) this.#options.unreadable(stream, error as Error)
      watched.failing = true
    }
    if (stream.done) {
      watched.folder?.close()
      this.#watched.delete(stream)
      this.#options.done(stream)
      return
    }
    watched.nextMs = nowMs + this.#restMs(watched, nowMs)
    if (grew) this.#options.grew()
  }

  #restMs(watched: Watched, nowMs: number): number {
    if (nowMs - watched.stream.grewMs < HOT_MS || watched.stream.removed) {
      watched.folder?.close()
      watched.folder = undefined
      if (nowMs - watched.rotatedMs < RUSH_MS) return SHORTEST_MS
      const needed = watched.stream.capacityBytes / FASTEST_BYTES_PER_MS / 2
      return Math.min(this.#options.pollMs, Math.max(SHORTEST_MS, needed))
    }
    const { folder } = watched.stream
    if (folder !== undefined && !watched.folder && !watched.unwatchable) this.#watchFolder(watched, folder)
    return watched.folder ? this.#options.idleMs : Math.min(UNWATCHED_MS, this.#options.idleMs)
  }

  #watchFolder(watched: Watched, path: string): void {
    try {
      const folder = watch(path, { persistent: false })
      watched.folder = folder
      folder.on('change', () => {
        if (watched.folder === folder && this.#watched.has(watched.stream)) this.wake(watched.stream)
      })
      folder.on('error', () => {
        folder.close()
        watched.folder = undefined
        watched.unwatchable = true
      })
    } catch (error) {
      // The folder of a container that never ran is not there yet; any other cause stays.
      watched.unwatchable = (error as NodeJS.ErrnoException).code !== 'ENOENT'
    }
  }
}
