import type { AppJson, MoveJson } from '../api/fleet.ts'
import type { RecordJson, SearchAnswer } from '../api/logs.ts'
import type { Deploy } from '../deploys/deploy.ts'
import type { HubClient, HubEvent, Question } from './client.ts'
import { heard, keepConnected, type Standing } from './connection.ts'
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
  let begun = false
  const connect = async ({ stands, speaks }: Standing) => {
    for await (const event of heard(hub, { path: '/api/tail', question, lastId: tailing.lastId }, signal)) {
      if (!begun) await tailing.begin(() => hub.json('/api/logs', recent(question, options.lines), signal))
      begun = true
      stands()
      speaks()
      tailing.take(event)
    }
    return 'broken' as const
  }
  await keepConnected(connect, out, signal)
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
