import { setTimeout as sleep } from 'node:timers/promises'
import type { AppJson, MoveJson, RecordJson, SearchAnswer } from '../api.ts'
import type { Deploy } from '../deploys/deploy.ts'
import { type HubClient, type HubEvent, PassingError, type Question } from './client.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { moveLine, recordLine } from './records.ts'
import type { Output } from './search.ts'
import { safeText } from './terminal.ts'

export interface TailOptions {
  /** Absent: every app. */
  app?: string
  query: string
  env?: string
  /** Lines of before that are shown first. */
  lines: number
  json: boolean
}

/** The hub sends a beat every 10 s; a connection that is silent for longer than this is given up. */
const SILENCE_MS = 30_000
const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 10_000

/** Follows until `signal` aborts. A broken connection is taken up again where it stood. */
export async function tail(
  hub: HubClient,
  options: TailOptions,
  out: Output,
  signal: AbortSignal
): Promise<ExitCode> {
  const question: Question = { q: options.query, app: options.app, environment: options.env }
  if (options.app !== undefined) await remarkUnknownApp(hub, options.app, out)
  const tailing = new Tailing(options, out)
  let waitMs = FIRST_WAIT_MS
  let connected = false
  while (!signal.aborted) {
    try {
      for await (const event of heard(hub, question, tailing.lastId, signal)) {
        if (!connected)
          await tailing.begin(() => hub.json('/api/logs', recent(question, options.lines), signal))
        connected = true
        waitMs = FIRST_WAIT_MS
        tailing.take(event)
      }
    } catch (error) {
      if (signal.aborted) break
      // What the hub refuses for good it will refuse again.
      if (!connected || !(error instanceof PassingError || isBroken(error))) throw error
    }
    if (signal.aborted) break
    out.remark(`The connection to the hub is lost; trying again in ${waitMs / 1000} s.`)
    await sleep(waitMs, undefined, { signal }).catch(() => undefined)
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
  }
  return EXIT.ok
}

class Tailing {
  lastId: string | undefined
  readonly #options: TailOptions
  readonly #out: Output
  /** Ids of the lines of before, which the live stream may bring once more. */
  readonly #shown = new Set<string>()

  constructor(options: TailOptions, out: Output) {
    this.#options = options
    this.#out = out
  }

  /** Called once the stream stands, so that no line can fall between the lines of before and the live ones. */
  async begin(ask: () => Promise<SearchAnswer>): Promise<void> {
    if (this.#options.lines === 0) return
    const { records } = await ask()
    for (const record of records.reverse()) {
      this.#shown.add(record.id)
      this.#record(record)
    }
  }

  take(event: HubEvent): void {
    this.lastId = event.id ?? this.lastId
    const data = JSON.parse(event.data) as Record<string, unknown>
    if (event.kind === 'records') {
      for (const record of data['records'] as RecordJson[])
        if (!this.#shown.has(record.id)) this.#record(record)
    } else if (event.kind === 'move')
      this.#tell('move', data, () => moveLine(data as MoveJson, this.#out.look))
    else if (event.kind === 'deploy')
      this.#tell('deploy', data, () => this.#deploy(data as unknown as Deploy))
    else if (event.kind === 'gap') {
      this.#tell('gap', data, () =>
        divider(
          `lines of ${safeText(String(data['app']), false)} are lost, "driftlog status" says which and why`
        )
      )
    } else if (event.kind === 'skipped') {
      this.#tell('skipped', data, () => divider(`${data['count']} lines left out: this reader was too slow`))
    } else if (event.kind === 'reset') {
      this.#tell('reset', data, () =>
        divider('the place was lost: lines may be missing here, "driftlog search" has them')
      )
    }
  }

  #deploy({ app, environment, reference, state }: Deploy): string {
    const told = `${app} ${reference} to ${environment}: ${state}`
    return this.#out.look.paint('magenta', divider(safeText(told, false)))
  }

  #record(record: RecordJson): void {
    const look = { ...this.#out.look, withApp: this.#options.app === undefined }
    this.#out.write(this.#options.json ? `${JSON.stringify(record)}\n` : recordLine(record, look))
  }

  #tell(kind: string, data: unknown, line: () => string): void {
    this.#out.write(this.#options.json ? `${JSON.stringify({ [kind]: data })}\n` : line())
  }
}

function divider(text: string): string {
  return `── ${text} ──\n`
}

/** Events of one connection; throws when it has been silent for too long. */
async function* heard(hub: HubClient, question: Question, lastId: string | undefined, signal: AbortSignal) {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(new SilenceError()), SILENCE_MS)
  try {
    for await (const event of hub.events(
      '/api/tail',
      question,
      lastId,
      AbortSignal.any([signal, silence.signal])
    )) {
      timer.refresh()
      yield event
    }
  } finally {
    clearTimeout(timer)
  }
}

class SilenceError extends Error {}

/** The answer broke off. */
export function isBroken(error: unknown): boolean {
  if (error instanceof SilenceError) return true
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR'].includes(code)
}

function recent(question: Question, limit: number): Question {
  return { ...question, limit, direction: 'older', from: 'now-1h', to: 'now+1h' }
}

async function remarkUnknownApp(hub: HubClient, app: string, out: Output): Promise<void> {
  const { apps } = await hub.json<{ apps: AppJson[] }>('/api/apps')
  if (apps.some((known) => known.app.toLowerCase() === app.toLowerCase())) return
  const names = [...new Set(apps.map((known) => known.app))].sort()
  const list = names.length === 0 ? 'no app is known' : `known are ${names.slice(0, 20).join(', ')}`
  out.remark(`No app is called "${app}" so far (${list}). Waiting for it; Ctrl-C ends.`)
}
