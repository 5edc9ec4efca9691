/** The sealer thread, seen from the main thread: one task at a time, tried again until it succeeds. */
import type { Worker } from 'node:worker_threads'
import { startThread } from '../../thread.ts'
import type { StreamKey } from '../store.ts'
import { messageOf, StoreClosedError } from './fault.ts'
import type { OriginRows } from './origins.ts'
import type { NewPart, Sealed } from './seal.ts'

export type SealTask =
  | { kind: 'seal'; number: number }
  | { kind: 'merge'; paths: string[] }
  | { kind: 'thin'; path: string; dropped: number[] }
  | { kind: 'forget'; streams: StreamKey[] }

export interface ToSealThread {
  task: SealTask
  /** Rows of the dictionary from `originsFrom` on. */
  originsFrom: number
  origins: OriginRows
}

export type FromSealThread = { done: Sealed | NewPart | undefined } | { error: string }

const RETRY_MS = 2000

interface Queued {
  task: SealTask
  resolve: (done: never) => void
  reject: (error: unknown) => void
}

export class Sealer {
  readonly #root: string
  readonly #origins: () => OriginRows
  readonly #onFailure: (reason: string, task: SealTask) => void
  #worker: Worker | undefined
  #sentOrigins = 0
  #queue: Queued[] = []
  #busy = false
  #isClosed = false
  #retry: NodeJS.Timeout | undefined
  /** Why the last attempt failed, while it has not succeeded since. */
  failing: string | undefined
  failures = 0

  constructor(root: string, origins: () => OriginRows, onFailure: (reason: string, task: SealTask) => void) {
    this.#root = root
    this.#origins = origins
    this.#onFailure = onFailure
  }

  /** Tasks that wait or run. */
  get pending(): number {
    return this.#queue.length
  }

  seal(number: number): Promise<Sealed> {
    return this.#enqueue({ kind: 'seal', number })
  }

  merge(paths: string[]): Promise<NewPart> {
    return this.#enqueue({ kind: 'merge', paths })
  }

  /** Writes a part again without the rows of these origins. */
  thin(path: string, dropped: number[]): Promise<NewPart> {
    return this.#enqueue({ kind: 'thin', path, dropped })
  }

  /** Takes streams out of the positions file. */
  forget(streams: StreamKey[]): Promise<undefined> {
    return this.#enqueue({ kind: 'forget', streams })
  }

  /** What runs is cut off: an unfinished seal counts for nothing and begins anew at the next start. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#retry)
    await this.#worker?.terminate()
    for (const { reject } of this.#queue) reject(new StoreClosedError())
    this.#queue = []
  }

  #enqueue<T>(task: SealTask): Promise<T> {
    if (this.#isClosed) return Promise.reject(new StoreClosedError())
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ task, resolve: resolve as Queued['resolve'], reject })
      this.#next()
    })
  }

  #next(): void {
    const first = this.#queue[0]
    if (this.#busy || !first || this.#isClosed || this.#retry) return
    this.#busy = true
    const worker = this.#thread()
    const rows = this.#origins()
    const message: ToSealThread = {
      task: first.task,
      originsFrom: this.#sentOrigins,
      origins: rows.slice(this.#sentOrigins)
    }
    this.#sentOrigins = rows.length
    worker.ref()
    worker.postMessage(message)
  }

  #thread(): Worker {
    if (this.#worker) return this.#worker
    const worker = startThread('./seal-thread', import.meta.url, { root: this.#root })
    this.#worker = worker
    this.#sentOrigins = 0
    worker.on('message', (message: FromSealThread) => {
      if ('error' in message) this.#failed(message.error)
      else this.#succeeded(message.done)
    })
    worker.on('error', (error) => {
      this.#worker = undefined
      this.#failed(messageOf(error))
    })
    return worker
  }

  #succeeded(done: unknown): void {
    this.#busy = false
    this.failing = undefined
    this.#worker?.unref()
    const first = this.#queue.shift()
    first?.resolve(done as never)
    this.#next()
  }

  /** Journals must be sealed some day; other work on parts is given up, whoever asked for it asks again. */
  #failed(reason: string): void {
    this.#busy = false
    this.failures++
    const first = this.#queue[0]
    if (!first || this.#isClosed) return
    this.#worker?.unref()
    this.#onFailure(reason, first.task)
    if (first.task.kind === 'merge' || first.task.kind === 'thin') {
      this.#queue.shift()
      first.reject(new Error(reason))
      this.#next()
      return
    }
    this.failing = reason
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      this.#next()
    }, RETRY_MS)
    this.#retry.unref()
  }
}
