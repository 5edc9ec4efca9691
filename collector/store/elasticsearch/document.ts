/** A record as a document of the cluster, by the names of the Elastic Common Schema, and back. */
import { type Level, type LogRecord, type Origin, type Output, recordId } from '../../record.ts'
import { sized, tokenOf } from './tokens.ts'

/** Parts of a document that are only there to be searched, and are not kept in it. */
export const SEARCHED_ONLY = ['driftlog.words', 'driftlog.values', 'driftlog.source']

/** What reading a record back needs. */
export const READ_BACK = [
  'message',
  'log.level',
  'log.offset',
  'event.ingested',
  'driftlog.time',
  'driftlog.origin',
  'driftlog.generation',
  'driftlog.output',
  'driftlog.flags',
  'driftlog.refused'
]

/** A file of a stream, and where a generation begins in it. */
export interface Place {
  /** Names the file among all. */
  source: string
  from: number
}

/**
 * Agents deliver a file in sections, each a generation of its own: `<file>` and `<file>@<where it begins>`
 * (docs/protocol.md). Where the sections meet may change while nothing of them is acknowledged, so documents are named by
 * their place in the file.
 */
export function placeOfGeneration({ instance, streamNumber }: Origin, generation: string): Place {
  const [, file = generation, from = '0'] = /^(.+)@(\d{1,15})$/.exec(generation) ?? []
  return { source: `${instance}.${streamNumber}.${file}`, from: Number(from) }
}

/** The term that says: a value of this field holds this word. */
export function valueTerm(name: string, word: string): string {
  return sized(`${name}=${tokenOf(word)}`)
}

/** Of what wrote the record: what an origin's own document holds, too. */
export const FACTS = [
  'service',
  'host',
  'container',
  'driftlog.origin',
  'driftlog.instance',
  'driftlog.stream',
  'driftlog.stream_number'
]

/** What FACTS gives. */
export interface Facts {
  service: { name: string; environment: string }
  host: { id: string; name: string }
  container: { id: string; name: string; image: { name: string } }
  driftlog: { origin: string; instance: string; stream: string; stream_number: number }
}

export function originIn({ service, host, container, driftlog }: Facts): Origin {
  return {
    ...{ instance: driftlog.instance, app: service.name, environment: service.environment },
    ...{ host: host.id, hostName: host.name, container: container.id, containerName: container.name },
    ...{ image: container.image.name, stream: driftlog.stream, streamNumber: driftlog.stream_number }
  }
}

/** What READ_BACK gives. */
export interface Stored {
  message: string
  log: { level: Level; offset: number }
  event: { ingested: string }
  driftlog: {
    time: string
    origin: string
    generation: number
    output: Output
    /** Absent: none. */
    flags?: number
    /** The line, where the cluster refused it as `message`. */
    refused?: string
  }
}

/** The record that a document holds. */
export function recordOf(stored: Stored, origin: Origin): LogRecord {
  const { message, log, event, driftlog } = stored
  const { generation } = driftlog
  return {
    id: recordId({ ...origin, generation, offset: log.offset }),
    time: BigInt(driftlog.time),
    receivedMs: Date.parse(event.ingested),
    level: log.level,
    output: driftlog.output,
    flags: driftlog.flags ?? 0,
    text: driftlog.refused ?? message,
    origin,
    generation,
    offset: log.offset
  }
}
