/** Logs that were taken hold of before anything was known of their containers. */
import type { LogStream } from './files/log-stream.ts'

/** The event of a container is here by then. */
const LATE_MS = 5000

export class EarlyLogs {
  readonly #opened = new Map<string, { stream: LogStream; sinceMs: number }>()

  find(container: string): LogStream | undefined {
    return this.#opened.get(container)?.stream
  }

  add(stream: LogStream): void {
    this.#opened.set(stream.container, { stream, sinceMs: Date.now() })
  }

  /** It is early no longer. */
  take(container: string): LogStream | undefined {
    const stream = this.find(container)
    this.#opened.delete(container)
    return stream
  }

  /** Those that nobody will tell of any more: their containers are not among those that the engine has listed. */
  takeGone(present: ReadonlySet<string>): LogStream[] {
    // A younger one may have come after the listing; its event is still on its way.
    const gone = [...this.#opened].filter(([container, { sinceMs }]) => {
      return !present.has(container) && Date.now() - sinceMs >= LATE_MS
    })
    return gone.flatMap(([container]) => this.take(container) ?? [])
  }
}
