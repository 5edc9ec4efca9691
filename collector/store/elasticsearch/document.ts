/** A record as a document of the cluster, by the names of the Elastic Common Schema, and back. */
import { stripAnsi } from '../../parse/ansi.ts'
import { type Fields, fieldsOf } from '../../parse/fields.ts'
import { wordsOf } from '../../query/words.ts'
import {
  type Batch,
  LEVELS,
  type Level,
  type LogRecord,
  type Origin,
  OUTPUTS,
  type Output,
  recordId
} from '../../record.ts'
import { indexOf } from './names.ts'
import { isCut, sized, tokenOf, tokensOf } from './tokens.ts'

/** One document on its way: two lines of a bulk request. */
export interface Document {
  index: string
  id: string
  /** JSON. */
  source: string
  /** What is sent where the cluster refuses it: less is parsed out of the line, nothing of the line is missing. */
  plain: () => string
}

/** Parts of a document that are only there to be searched, and are not kept in it. */
export const SEARCHED_ONLY = ['driftlog.words', 'driftlog.names', 'driftlog.values']

/** What reading a record back needs. */
export const READ_BACK = [
  'message',
  'log.level',
  'log.offset',
  'driftlog.time',
  'driftlog.received',
  'driftlog.origin',
  'driftlog.generation',
  'driftlog.output',
  'driftlog.flags',
  'driftlog.refused'
]

const DAY_MS = 86_400_000
/** Times that `date_nanos` can hold, milliseconds since 1970. */
const LAST_MS = Date.UTC(2262, 3, 11)

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

/**
 * The batch's rows as documents. `number` is the generation's; `originId` names the batch's origin; `arrival` numbers the
 * rows of all batches.
 */
export function documentsOf(
  batch: Batch,
  number: number,
  rows: Iterable<number>,
  originId: string,
  arrival: () => string
): Document[] {
  const { origin, records, state, receivedMs } = batch
  const { source, from } = placeOfGeneration(origin, state.generation)
  const text = Buffer.from(records.text.buffer, records.text.byteOffset, records.text.byteLength)
  const always = alwaysOf(origin, originId, number, receivedMs, source)
  const documents: Document[] = []
  let [day, index] = [Number.NaN, '']
  for (const row of rows) {
    const timeMs = records.timeMs[row] ?? 0
    const nanos = records.nanos[row] ?? 0
    const ownDay = Math.floor(timeMs / DAY_MS)
    // Most rows of a batch are of one day.
    if (ownDay !== day) [day, index] = [ownDay, indexOf(origin.environment, timeMs)]
    const offset = records.offset[row] ?? 0
    const message = text.toString('utf8', row > 0 ? records.textEnd[row - 1] : 0, records.textEnd[row])
    const level = LEVELS[records.level[row] ?? 0] ?? 'unknown'
    const own = `"at":${from + offset},"until":${from + (records.end[row] ?? 0)},"flags":${records.flags[row] ?? 0},"output":"${OUTPUTS[records.output[row] ?? 0] ?? ''}","time":"${nanosOf(timeMs, nanos)}","arrival":"${arrival()}"`
    const around = (searched: string) =>
      `{"@timestamp":"${stampOf(timeMs, nanos)}","message":${JSON.stringify(message)},"log":{"level":"${level}","offset":${offset}},${always},${own}${searched}}}`
    documents.push({
      index,
      id: `${source}.${from + offset}`,
      source: around(searchedOf(message)),
      plain: () => around(wordsFor(stripAnsi(message)))
    })
  }
  return documents
}

/** What all records of a batch share; ends within the object `driftlog`. */
function alwaysOf(
  origin: Origin,
  originId: string,
  generation: number,
  receivedMs: number,
  source: string
): string {
  const { instance, stream, streamNumber } = origin
  const shared = {
    event: { ingested: new Date(receivedMs).toISOString() },
    service: { name: origin.app, environment: origin.environment },
    host: { id: origin.host, name: origin.hostName },
    container: {
      id: origin.container,
      name: origin.containerName,
      image: { name: origin.image }
    },
    driftlog: {
      ...{ origin: originId, instance, stream, stream_number: streamNumber, generation },
      received: Math.floor(receivedMs),
      source
    }
  }
  return JSON.stringify(shared).slice(1, -2)
}

function searchedOf(message: string): string {
  const plain = stripAnsi(message)
  const fields = fieldsOf(plain)
  return `${wordsFor(plain)}${fields ? fieldsFor(fields) : ''}`
}

function wordsFor(plain: string): string {
  const tokens = tokensOf(plain)
  return `,"words":${JSON.stringify(tokens)}${isCut(tokens) ? ',"long":true' : ''}`
}

/** Fields as they are read, their names, and each word of each value: `user=bob`. */
function fieldsFor(fields: Fields): string {
  const names = Object.keys(fields)
  const values = new Set<string>()
  const kept: Record<string, string> = Object.create(null)
  for (const name of names) {
    const value = String(fields[name])
    kept[name.replaceAll('\0', '\ufffd')] = value
    for (const word of wordsOf(value)) values.add(valueTerm(name, word))
  }
  return `,"names":${JSON.stringify(names.map(sized))},"values":${JSON.stringify([...values])},"fields":${JSON.stringify(kept)}`
}

/** The term that says: a value of this field holds this word. */
export function valueTerm(name: string, word: string): string {
  return sized(`${name}=${tokenOf(word)}`)
}

/** `2026-11-23T00:00:00.000000001Z`, as near as the cluster's type comes. */
function stampOf(timeMs: number, nanos: number): string {
  const within = Math.min(Math.max(timeMs, 0), LAST_MS)
  const iso = new Date(within).toISOString().slice(0, -1)
  return `${iso}${within === timeMs ? String(nanos).padStart(6, '0') : ''}Z`
}

function nanosOf(timeMs: number, nanos: number): string {
  return String(BigInt(timeMs) * 1_000_000n + BigInt(nanos))
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
  driftlog: {
    time: string
    received: number
    origin: string
    generation: number
    output: Output
    flags: number
    /** The line, where the cluster refused it as `message`. */
    refused?: string
  }
}

/** The record that a document holds. */
export function recordOf(stored: Stored, origin: Origin): LogRecord {
  const { message, log, driftlog } = stored
  const { generation } = driftlog
  return {
    id: recordId({ ...origin, generation, offset: log.offset }),
    time: BigInt(driftlog.time),
    receivedMs: driftlog.received,
    level: log.level,
    output: driftlog.output,
    flags: driftlog.flags,
    text: driftlog.refused ?? message,
    origin,
    generation,
    offset: log.offset
  }
}
