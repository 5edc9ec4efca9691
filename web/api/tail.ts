/** text/event-stream, read by fetch: EventSource tells no status code. */
import type { Static } from 'typebox'
import type { InstanceJson, MoveJson } from '../../server/api/fleet.ts'
import type { RecordJson } from '../../server/api/logs.ts'
import type { Deploy } from '../../server/deploys/deploy.ts'
import { linesOf } from './lines.ts'

export interface HostDelay {
  host: string
  hostName: string
  behindMs: number
}

/** What the hub says on the live tail. `cursor` is the arrival position to resume behind, where it was told. */
export type TailEvent = { cursor: string | undefined } & (
  | { kind: 'records'; records: RecordJson[] }
  | { kind: 'move'; move: Static<typeof MoveJson> }
  /** A deploy that was asked for, or stands otherwise now. */
  | { kind: 'deploy'; deploy: Deploy }
  | { kind: 'instance'; instance: Static<typeof InstanceJson> }
  | { kind: 'skipped'; count: number; from: string; to: string }
  /** What is missing of an instance has changed. */
  | { kind: 'gap' }
  | { kind: 'reset' }
  | { kind: 'beat'; hubTime: string; hosts: HostDelay[] }
)

export async function* eventsOf(response: Response): AsyncGenerator<TailEvent> {
  let cursor: string | undefined
  for await (const { kind, data, id } of serverEvents(response)) {
    cursor = id ?? cursor
    const event = eventFrom(kind, data, cursor)
    if (event) yield event
  }
}

export interface ServerEvent {
  kind: string
  data: string
  /** As told with this event. */
  id: string | undefined
}

export async function* serverEvents(response: Response): AsyncGenerator<ServerEvent> {
  let kind = ''
  let data: string[] = []
  let id: string | undefined
  for await (const lines of linesOf(response)) {
    for (const line of lines) {
      if (line === '') {
        const event = { kind, data: data.join('\n'), id }
        const isWhole = data.length > 0
        kind = ''
        data = []
        id = undefined
        if (isWhole) yield event
      } else if (line.startsWith('data:')) data.push(restOf(line, 5))
      else if (line.startsWith('event:')) kind = restOf(line, 6)
      else if (line.startsWith('id:')) id = restOf(line, 3)
    }
  }
}

/** Undefined for kinds that this page does not know: a newer hub may say more. */
function eventFrom(kind: string, data: string, cursor: string | undefined): TailEvent | undefined {
  const value = JSON.parse(data)
  switch (kind) {
    case 'records':
      return { kind, cursor, records: value.records }
    case 'move':
      return { kind, cursor, move: value }
    case 'deploy':
      return { kind, cursor, deploy: value }
    case 'instance':
      return { kind, cursor, instance: value }
    case 'skipped':
      return { kind, cursor, count: value.count, from: value.from, to: value.to }
    case 'gap':
    case 'reset':
      return { kind, cursor }
    case 'beat':
      return { kind, cursor, hubTime: value.hubTime, hosts: value.hosts ?? [] }
    default:
      return undefined
  }
}

function restOf(line: string, from: number): string {
  return line[from] === ' ' ? line.slice(from + 1) : line.slice(from)
}
