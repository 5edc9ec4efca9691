/**
 * Marks become annotations of Grafana, each exactly once: what was posted is remembered, and before it is posted it is
 * looked for there, since a hub may die between the two. After an outage those of the last day are posted.
 */
import type { Logger } from 'pino'
import type { StateStore } from '../../collector/store/state.ts'
import type { JsonObject } from '../../dashboards/json.ts'
import { TAG } from '../../dashboards/links.ts'
import { type Mark, type MarkSource, marksSince } from '../marks.ts'
import type { GrafanaApi } from './api.ts'
import { GrafanaRefusedError } from './errors.ts'

export interface AnnotationsOptions {
  sources: readonly MarkSource[]
  state: StateStore
  log: Pick<Logger, 'info' | 'warn'>
  nowMs: () => number
  /** Address of Driftlog's page; without it there are no links to it. */
  hub?: URL
}

/** As the state remembers a mark. */
interface Kept {
  atMs: number
  outcome: 'posted' | 'refused'
}

interface Memory {
  /** By the ids of the marks. */
  kept: Map<string, Kept>
  /** Until when all marks were dealt with; undefined where none ever were. */
  untilMs: number | undefined
  savedMs: number
}

const PREFIX = 'grafana/mark/'
const UNTIL = 'grafana/marks-until'
/** What is older is not posted any more. */
const CATCH_UP_MS = 86_400_000
/** It is written down this often. */
const UNTIL_SAVED_MS = 10 * 60_000
/** Characters of a tag's value that Grafana's database has room for. */
const MOST_OF_TAG = 100
/** Lines around a mark that its link leads to. */
const AROUND_MS = 5 * 60_000

export class Annotations {
  readonly #options: AnnotationsOptions
  /** What the state remembers, with marks by their ids. Undefined until a duty has begun. */
  #memory: Memory | undefined
  readonly counts = { posted: 0, refused: 0, missed: 0, waiting: 0 }

  constructor(options: AnnotationsOptions) {
    this.#options = options
  }

  /** Another hub may have posted some meanwhile. */
  begin(): void {
    this.#memory = undefined
  }

  /** Posts what is new. Rejects where some could not be posted, and will be tried again. */
  async post(api: GrafanaApi): Promise<void> {
    const { sources, nowMs } = this.#options
    const atMs = nowMs()
    this.#memory ??= await this.#load()
    const { kept } = this.#memory
    await this.#countMissed(this.#memory, atMs - CATCH_UP_MS)
    const marks = (await marksSince(sources, atMs - CATCH_UP_MS)).filter(({ id }) => !kept.has(id))
    this.counts.waiting = marks.length
    let failed: Error | undefined
    for (const mark of marks) {
      try {
        await this.#postOne(api, mark, kept)
        this.counts.waiting--
      } catch (error) {
        // One that Grafana stumbles over must not be in the way of those behind it.
        if (!(error instanceof GrafanaRefusedError) || error.httpStatus < 500) throw error
        failed = error
      }
    }
    if (failed) throw failed
    await this.#settle(this.#memory, atMs)
  }

  async #load(): Promise<Memory> {
    const { state } = this.#options
    const entries = await state.list<Kept>(PREFIX)
    const untilMs = await state.get<number>(UNTIL)
    const kept = new Map(entries.map(({ key, value }) => [key.slice(PREFIX.length), value]))
    return { kept, untilMs, savedMs: untilMs ?? 0 }
  }

  /** Nobody posts what became too old while Grafana or all hubs were away. */
  async #countMissed(memory: Memory, fromMs: number): Promise<void> {
    const { sources, log } = this.#options
    const { untilMs = fromMs, kept } = memory
    if (untilMs >= fromMs) return
    const missed = (await marksSince(sources, untilMs)).filter(
      ({ id, atMs }) => atMs < fromMs && !kept.has(id)
    )
    memory.untilMs = fromMs
    if (missed.length === 0) return
    this.counts.missed += missed.length
    log.warn({ missed: missed.length }, 'marks are too old to be posted to Grafana')
  }

  async #postOne(api: GrafanaApi, mark: Mark, kept: Map<string, Kept>): Promise<void> {
    const idTag = `${TAG}-mark:${mark.id}`
    const query = new URLSearchParams({ tags: idTag, type: 'annotation', limit: '1' })
    const there = await api.get<unknown[]>(`api/annotations?${query}`)
    let outcome: Kept['outcome'] = 'posted'
    if (there === undefined || there.length === 0) {
      try {
        await api.post('api/annotations', this.#annotationOf(mark, idTag))
        this.counts.posted++
      } catch (error) {
        if (!isFinal(error)) throw error
        outcome = 'refused'
        this.counts.refused++
        this.#options.log.warn(
          { mark: mark.id, app: mark.app, reason: error.message },
          'Grafana refuses a mark'
        )
      }
    }
    const value: Kept = { atMs: mark.atMs, outcome }
    await this.#options.state.put(PREFIX + mark.id, value)
    kept.set(mark.id, value)
  }

  #annotationOf(mark: Mark, idTag: string): JsonObject {
    const { kind, atMs, endMs, app, environment, hosts = [] } = mark
    const named = { app: [app], environment: [environment], host: hosts }
    const tags = Object.entries(named).flatMap(([name, values]) =>
      values
        .filter((value) => value !== '')
        .map((value) => `${name}:${[...value].slice(0, MOST_OF_TAG).join('')}`)
    )
    return {
      time: atMs,
      ...(endMs === undefined ? {} : { timeEnd: endMs }),
      tags: [TAG, kind, ...tags, idTag],
      text: textOf(mark, this.#options.hub)
    }
  }

  /** All marks until then are dealt with. What is so old is not listed again. */
  async #settle(memory: Memory, atMs: number): Promise<void> {
    const { state } = this.#options
    memory.untilMs = atMs
    if (atMs - memory.savedMs < UNTIL_SAVED_MS) return
    memory.savedMs = atMs
    await state.put(UNTIL, atMs)
    for (const [id, mark] of memory.kept) {
      if (mark.atMs >= atMs - 2 * CATCH_UP_MS) continue
      await state.delete(PREFIX + id)
      memory.kept.delete(id)
    }
  }
}

/** What was refused for its contents would be refused again. */
function isFinal(error: unknown): error is GrafanaRefusedError {
  return error instanceof GrafanaRefusedError && [400, 413, 422].includes(error.httpStatus)
}

/** Grafana shows it as HTML. */
function textOf({ text, app, environment, atMs, endMs = atMs }: Mark, hub: URL | undefined): string {
  const shown = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  if (hub === undefined) return shown
  const place = [environment || '-', app || '-'].map(encodeURIComponent).join('/')
  const [from, to] = [atMs - AROUND_MS, endMs + AROUND_MS].map((ms) => new Date(ms).toISOString())
  return `${shown} <a href="${hub.origin}/${place}/logs?from=${from}&amp;to=${to}">Lines</a>`
}
