/** One connection to the hub: taken up again where it broke, given back while the tab is hidden. */
import { HubError, wasAborted } from '../api/client.ts'
import type { TailEvent } from '../api/tail.ts'
import { delays, pause } from './backoff.ts'
import { untilSilent } from './silence.ts'
import type { Connection } from './status.ts'

/** The hub tells its place as soon as it follows. */
const FIRST_EVENT_MS = 1500
/** A tab that stays hidden longer gives its connection back. */
const HIDDEN_MS = 60_000

export type Connect = (after: string | undefined, signal: AbortSignal) => Promise<AsyncIterable<TailEvent>>

interface Wiring {
  connect: Connect
  onEvent: (event: TailEvent) => void
  /** Told whenever the connection stands otherwise. */
  onChange: (connection: Connection) => void
}

export class Connector {
  readonly #wiring: Wiring
  #state: Connection = { kind: 'connecting' }
  #cursor: string | undefined
  #wake = new AbortController()

  constructor(wiring: Wiring) {
    this.#wiring = wiring
  }

  /** Resolves when the hub follows for the first time, or when it will not; goes on in the background. */
  start(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#watchVisibility(signal)
      void this.#run(signal, resolve)
      signal.addEventListener('abort', () => resolve())
    })
  }

  /** Tries at once instead of when the wait is over. */
  retry(): void {
    this.#wake.abort()
  }

  async #run(signal: AbortSignal, started: () => void): Promise<void> {
    let waits = delays()
    while (!signal.aborted) {
      if (document.hidden && this.#state.kind === 'hidden') await becomesVisible(signal)
      const attempt = new AbortController()
      const either = AbortSignal.any([signal, attempt.signal])
      this.#wake = attempt
      try {
        const events = await this.#wiring.connect(this.#cursor, either)
        this.#become({ kind: 'open' })
        waits = delays()
        await this.#read(events, attempt, started)
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof HubError && !mayPass(error)) {
          this.#become({ kind: 'ended', error })
          started()
          if (error.status !== 401) return
          // The reader logs in, and the tail goes on where it was.
          this.#wake = new AbortController()
          await aborted(AbortSignal.any([signal, this.#wake.signal]))
          continue
        }
        if (!wasAborted(error) && !(error instanceof Error)) throw error
      }
      if (signal.aborted) return
      started()
      if (this.#state.kind === 'hidden') continue
      const waitMs = waits.next().value
      this.#become({ kind: 'broken', retryAtMs: Date.now() + waitMs })
      this.#wake = new AbortController()
      await pause(waitMs, AbortSignal.any([signal, this.#wake.signal]))
    }
  }

  /** The hub's first event says that it follows; one that keeps silent is not waited for. */
  async #read(
    events: AsyncIterable<TailEvent>,
    attempt: AbortController,
    started: () => void
  ): Promise<void> {
    const grace = setTimeout(started, FIRST_EVENT_MS)
    try {
      for await (const event of untilSilent(events, attempt)) {
        started()
        if (event.cursor !== undefined) this.#cursor = event.cursor
        this.#wiring.onEvent(event)
      }
    } finally {
      clearTimeout(grace)
    }
  }

  #watchVisibility(signal: AbortSignal): void {
    let closing: ReturnType<typeof setTimeout> | undefined
    const changed = () => {
      clearTimeout(closing)
      if (!document.hidden) return
      closing = setTimeout(() => {
        this.#become({ kind: 'hidden' })
        this.#wake.abort()
      }, HIDDEN_MS)
    }
    document.addEventListener('visibilitychange', changed, { signal })
    signal.addEventListener('abort', () => clearTimeout(closing))
  }

  #become(connection: Connection): void {
    this.#state = connection
    this.#wiring.onChange(connection)
  }
}

/** No answer, an overloaded hub, one that starts again: worth trying. A refused token or query is not. */
function mayPass(error: HubError): boolean {
  return error.status === 0 || error.status === 429 || error.status >= 500
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
}

/** Until the tab is looked at. */
function becomesVisible(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const changed = () => {
      if (!document.hidden) resolve()
    }
    document.addEventListener('visibilitychange', changed, { signal })
    signal.addEventListener('abort', () => resolve())
    changed()
  })
}
