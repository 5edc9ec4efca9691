/** The parse threads. Requests of one host always go to the same thread, in the order in which they were made. */
import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import type { Codec, Delivery } from '../../agent/protocol.ts'
import { startThread } from '../thread.ts'
import { BUILT_IN_RULES, type RedactionConfig } from './redact-rules.ts'
import type { Answer, Asked, ChunkAsked, Flushed, Parsed } from './worker.ts'

export type ParseAnswer = Extract<Answer, { kind: 'parsed' }>
export type { ChunkAsked, Flushed, Parsed }

/** The thread ended under the request, or would not take it. Nothing was stored; the bytes may be sent again. */
export class ThreadError extends Error {
  readonly retryAfterS: number
  constructor(message: string, retryAfterS: number) {
    super(message)
    this.retryAfterS = retryAfterS
  }
}

/** A body that can't be read. `code` is DRIFTLOG_BODY, DRIFTLOG_HEAD or DRIFTLOG_PARSE. */
export class BodyRefused extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export interface PoolOptions {
  /** Default: one on up to two cores, else half of them, four at most. */
  threads?: number
  nowMs?: () => number
  /** Default: the built-in rules. */
  redaction?: RedactionConfig
  start?: () => Worker
}

/** Told when a thread ended by itself: what it held of the hosts for which `isOf` holds is gone. */
export type LostListener = (error: Error, isOf: (host: string) => boolean) => void

interface Thread {
  worker: Worker
  /** Requests in order; the thread works at the first. */
  pending: Map<number, { host: string; resolve: (answer: Answer) => void; reject: (error: Error) => void }>
  ready: boolean
  /** It has ended, and the next one is not started yet. */
  ended: boolean
  lastError?: Error
}

interface Strikes {
  count: number
  lastMs: number
}

/** A host under whose requests a thread ended this often waits before it may try again. */
const MOST_STRIKES = 2
const STRIKE_MS = 60_000
const RESTART_MS = 1000

export class ParsePool implements AsyncDisposable {
  readonly #threads: Thread[]
  readonly #strikes = new Map<string, Strikes>()
  readonly #lostListeners = new Set<LostListener>()
  readonly #start: () => Worker
  readonly #nowMs: () => number
  #codecs: Codec[] = []
  #id = 0
  #closing = false

  private constructor(options: PoolOptions) {
    this.#nowMs = options.nowMs ?? Date.now
    this.#start =
      options.start ?? (() => startThread('./worker', import.meta.url, options.redaction ?? BUILT_IN_RULES))
    this.#threads = []
  }

  /** Resolves when the threads are ready; rejects where one can't start. */
  static async open(options: PoolOptions = {}): Promise<ParsePool> {
    const pool = new ParsePool(options)
    const count = options.threads ?? Math.min(4, Math.max(1, Math.floor(availableParallelism() / 2)))
    const ready = Array.from({ length: count }, (_, index) => pool.#startThread(index))
    try {
      await Promise.all(ready)
    } catch (error) {
      await pool[Symbol.asyncDispose]()
      throw error
    }
    return pool
  }

  /** What the threads can decompress. */
  get codecs(): readonly Codec[] {
    return this.#codecs
  }

  /** Until the returned function is called. */
  onLost(listener: LostListener): () => void {
    this.#lostListeners.add(listener)
    return () => this.#lostListeners.delete(listener)
  }

  /** Requests that wait for an answer. */
  get pending(): number {
    return this.#threads.reduce((sum, thread) => sum + thread.pending.size, 0)
  }

  /**
   * Takes a body apart. `body` is given away. The delivery then waits in the thread for parse() or drop() with the
   * same id. Rejects with BodyRefused or ThreadError.
   */
  async open(
    host: string,
    body: ArrayBuffer,
    codec: Codec,
    length: number
  ): Promise<{ id: number; head: Delivery }> {
    const answer = await this.#ask(host, (id) => ({ kind: 'open', id, body, codec, length }), [body])
    if (answer.kind !== 'opened') throw new Error(`unexpected answer ${answer.kind}`)
    return { id: answer.id, head: answer.head }
  }

  async parse(host: string, opened: number, chunks: ChunkAsked[]): Promise<ParseAnswer> {
    const nowMs = this.#nowMs()
    return parsedOnly(await this.#ask(host, () => ({ kind: 'parse', id: opened, chunks, nowMs }), [], opened))
  }

  async flush(host: string, keys: string[], what: Flushed): Promise<ParseAnswer> {
    const nowMs = this.#nowMs()
    return parsedOnly(await this.#ask(host, (id) => ({ kind: 'flush', id, keys, what, nowMs }), []))
  }

  drop(host: string, opened: number): void {
    this.#threadOf(host).worker.postMessage({ kind: 'drop', id: opened } satisfies Asked)
  }

  forget(host: string, keys: string[]): void {
    this.#threadOf(host).worker.postMessage({ kind: 'forget', keys } satisfies Asked)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true
    await Promise.all(this.#threads.map((thread) => thread.worker.terminate()))
  }

  #ask(host: string, make: (id: number) => Asked, transfer: ArrayBuffer[], opened?: number): Promise<Answer> {
    const strikes = this.#strikes.get(host)
    if (strikes && strikes.count >= MOST_STRIKES) {
      const leftMs = strikes.lastMs + STRIKE_MS - this.#nowMs()
      if (leftMs > 0)
        return Promise.reject(
          new ThreadError("This host's deliveries ended a parse thread repeatedly.", Math.ceil(leftMs / 1000))
        )
      this.#strikes.delete(host)
    }
    const thread = this.#threadOf(host)
    if (thread.ended) return Promise.reject(new ThreadError('The parse thread could not be started.', 1))
    const id = opened ?? ++this.#id
    return new Promise((resolve, reject) => {
      thread.pending.set(id, { host, resolve, reject })
      thread.worker.postMessage(make(id), transfer)
    })
  }

  #threadOf(host: string): Thread {
    let hash = 0
    for (let i = 0; i < host.length; i++) hash = (hash * 31 + host.charCodeAt(i)) | 0
    return this.#threads[(hash >>> 0) % this.#threads.length] as Thread
  }

  #startThread(index: number): Promise<void> {
    const worker = this.#start()
    const thread: Thread = { worker, pending: new Map(), ready: false, ended: false }
    this.#threads[index] = thread
    return new Promise((resolve, reject) => {
      worker.on('message', (answer: Answer) => {
        if (answer.kind === 'ready') {
          this.#codecs = answer.codecs
          thread.ready = true
          return resolve()
        }
        const pending = thread.pending.get(answer.id)
        thread.pending.delete(answer.id)
        if (answer.kind === 'parsed' && pending) this.#strikes.delete(pending.host)
        if (answer.kind === 'failed') pending?.reject(new BodyRefused(answer.code, answer.message))
        else pending?.resolve(answer)
      })
      worker.on('error', (error: Error) => {
        thread.lastError = error
      })
      worker.on('exit', (code) => {
        const error = thread.lastError ?? new Error(`a parse thread ended with ${code}`)
        reject(error)
        if (!this.#closing) this.#replace(index, thread, error)
        else
          for (const { reject } of thread.pending.values()) reject(new ThreadError('The hub is closing.', 1))
      })
    })
  }

  #replace(index: number, thread: Thread, error: Error): void {
    thread.ended = true
    const [working] = thread.pending.values()
    if (working) {
      const count = (this.#strikes.get(working.host)?.count ?? 0) + 1
      this.#strikes.set(working.host, { count, lastMs: this.#nowMs() })
    }
    const again = () => {
      if (!this.#closing) this.#startThread(index).catch(() => {})
    }
    // A thread that can't even start would otherwise be started in a busy loop.
    if (thread.ready) again()
    else setTimeout(again, RESTART_MS).unref()
    for (const listener of thread.ready ? this.#lostListeners : [])
      listener(error, (host) => this.#threads.indexOf(this.#threadOf(host)) === index)
    for (const { reject } of thread.pending.values())
      reject(new ThreadError('The parse thread ended and was replaced.', 1))
  }
}

function parsedOnly(answer: Answer): ParseAnswer {
  if (answer.kind !== 'parsed') throw new Error(`unexpected answer ${answer.kind}`)
  return answer
}
