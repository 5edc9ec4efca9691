/**
 * The query threads, seen from the main thread: hands out questions, and replaces a thread that does not come
 * back (a regular expression can run for ever) once the question's time and a grace are over.
 */
import type { Worker } from 'node:worker_threads'
import { startThread } from '../../thread.ts'
import type { Bounds } from '../store.ts'
import { messageOf, StoreClosedError } from './fault.ts'
import type { OriginRows } from './origins.ts'
import type { FromQueryThread, QueryThreadData, Question, ToQueryThread } from './query-protocol.ts'
import type { SnapshotData } from './snapshot.ts'

/** How long a question may exceed its time before it is given up. */
const GRACE_MS = 1000

/** Decoded columns that all threads together keep for their next questions. */
const SHELF_BYTES = 64 << 20

/** The question's time is over and its thread did not come back with anything. */
export class TimeOverError extends Error {
  readonly code = 'DRIFTLOG_QUERY_TIME'
  constructor() {
    super('The query took longer than it may. Narrow the time range, or simplify its regular expression.')
  }
}

interface Asked {
  id: number
  question: Question
  snapshot: SnapshotData
  deadline: number
  /** A thread died under this question once already. */
  tried: boolean
  resolve: (answer: never) => void
  reject: (error: unknown) => void
  giveUp: NodeJS.Timeout
}

interface Thread {
  worker: Worker
  running: Int32Array
  asked: Map<number, Asked>
  /** Rows of the dictionary that the thread has. */
  origins: number
}

export interface QueryPoolOptions {
  threads: number
  origins: () => OriginRows
  /** Told when a thread had to be replaced. */
  onReplaced: (reason: string) => void
}

export class QueryPool {
  readonly #options: QueryPoolOptions
  readonly #threads: (Thread | undefined)[]
  #lastId = 0
  #isClosed = false

  constructor(options: QueryPoolOptions) {
    this.#options = options
    this.#threads = Array.from({ length: options.threads }, () => undefined)
  }

  /** Threads start with the first question; this starts them now. */
  warm(): void {
    for (const index of this.#threads.keys()) this.#thread(index)
  }

  /** Rejects with TimeOverError, or with the signal's reason. */
  ask<T>(question: Question, snapshot: SnapshotData, bounds: Bounds): Promise<T> {
    if (this.#isClosed) return Promise.reject(new StoreClosedError())
    bounds.signal?.throwIfAborted()
    return new Promise<T>((resolve, reject) => {
      // Ids fit an Int32Array, and 0 means that no question runs.
      this.#lastId = (this.#lastId % 0x7fff_ffff) + 1
      const asked: Asked = {
        id: this.#lastId,
        question,
        snapshot,
        deadline: Date.now() + bounds.budgetMs,
        tried: false,
        resolve: resolve as Asked['resolve'],
        reject,
        giveUp: setTimeout(() => this.#giveUp(asked), bounds.budgetMs + GRACE_MS)
      }
      const onAbort = () => this.#settle(asked, () => reject(bounds.signal?.reason), true)
      bounds.signal?.addEventListener('abort', onAbort, { once: true })
      const resolved = asked.resolve
      asked.resolve = (answer) => {
        bounds.signal?.removeEventListener('abort', onAbort)
        resolved(answer)
      }
      asked.reject = (error) => {
        bounds.signal?.removeEventListener('abort', onAbort)
        reject(error)
      }
      this.#send(asked)
    })
  }

  /** Tells every thread that these parts are deleted. */
  forget(paths: string[]): void {
    for (const thread of this.#threads)
      thread?.worker.postMessage({ kind: 'forget', paths } satisfies ToQueryThread)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const thread of this.#threads) {
      for (const asked of thread?.asked.values() ?? []) {
        this.#settle(asked, () => asked.reject(new StoreClosedError()), false)
      }
    }
    await Promise.all(this.#threads.map((thread) => thread?.worker.terminate()))
  }

  #send(asked: Asked): void {
    const loads = this.#threads.map((thread) => thread?.asked.size ?? 0)
    const thread = this.#thread(loads.indexOf(Math.min(...loads)))
    const origins = this.#options.origins()
    if (thread.origins < origins.length) {
      const rows = origins.slice(thread.origins)
      thread.worker.postMessage({ kind: 'origins', from: thread.origins, rows } satisfies ToQueryThread)
      thread.origins = origins.length
    }
    const { id, question, snapshot, deadline } = asked
    thread.asked.set(id, asked)
    thread.worker.postMessage({ kind: 'ask', id, question, snapshot, deadline } satisfies ToQueryThread)
  }

  #thread(index: number): Thread {
    const known = this.#threads[index]
    if (known) return known
    const running = new SharedArrayBuffer(4)
    const worker = startThread('./query-thread', import.meta.url, {
      running,
      shelfBytes: Math.floor(SHELF_BYTES / this.#options.threads)
    } satisfies QueryThreadData)
    const thread: Thread = { worker, running: new Int32Array(running), asked: new Map(), origins: 0 }
    this.#threads[index] = thread
    worker.unref()
    worker.on('message', (message: FromQueryThread) => this.#answered(thread, message))
    worker.on('error', (error) => this.#replace(index, thread, messageOf(error)))
    return thread
  }

  #answered(thread: Thread, message: FromQueryThread): void {
    const asked = thread.asked.get(message.id)
    if (!asked) return
    if ('answer' in message) this.#settle(asked, () => asked.resolve(message.answer as never), false)
    else this.#settle(asked, () => asked.reject(errorOf(message.error)), false)
  }

  #settle(asked: Asked, end: () => void, cancel: boolean): void {
    clearTimeout(asked.giveUp)
    for (const thread of this.#threads) {
      if (!thread?.asked.delete(asked.id)) continue
      if (cancel) thread.worker.postMessage({ kind: 'cancel', id: asked.id } satisfies ToQueryThread)
    }
    end()
  }

  #giveUp(asked: Asked): void {
    for (const [index, thread] of this.#threads.entries()) {
      if (!thread?.asked.has(asked.id)) continue
      const isStuck = Atomics.load(thread.running, 0) === asked.id
      this.#settle(asked, () => asked.reject(new TimeOverError()), true)
      if (isStuck) this.#replace(index, thread, 'a query did not end')
      return
    }
  }

  /** Ends a thread; its other questions go to the next one, each once. */
  #replace(index: number, thread: Thread, reason: string): void {
    if (this.#threads[index] !== thread) return
    this.#threads[index] = undefined
    void thread.worker.terminate()
    if (this.#isClosed) return
    this.#options.onReplaced(reason)
    for (const asked of thread.asked.values()) {
      if (asked.tried) {
        clearTimeout(asked.giveUp)
        asked.reject(new Error(`A query thread ended unexpectedly: ${reason}`))
        continue
      }
      asked.tried = true
      this.#send(asked)
    }
    thread.asked.clear()
  }
}

/** Errors lose their class between threads. */
function errorOf({ code, message }: { code: string; message: string }): Error {
  const error = new Error(message)
  return code === '' ? error : Object.assign(error, { code })
}
