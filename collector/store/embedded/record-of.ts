/** Rows as records. */
import { isAscii } from 'node:buffer'
import { LEVELS, type LogRecord, type Origin, OUTPUTS, recordId } from '../../record.ts'
import type { OriginRows } from './origins.ts'
import type { Segment } from './segment.ts'

/** Stands in for an origin whose row of the dictionary was lost. */
const LOST: Origin = {
  instance: '0000000000000000',
  app: 'unknown',
  environment: 'unknown',
  host: 'unknown',
  hostName: 'unknown',
  container: 'unknown',
  containerName: 'unknown',
  image: 'unknown',
  stream: 'unknown',
  streamNumber: 0
}

export function originAt(origins: OriginRows, number: number): Origin {
  return origins[number] ?? LOST
}

export function textOf(segment: Segment, row: number): string {
  const from = row > 0 ? (segment.textEnd[row - 1] as number) : 0
  return segment.text.toString('utf8', from, segment.textEnd[row])
}

export function timeOf(segment: Segment, row: number): bigint {
  return BigInt(segment.timeMs[row] as number) * 1_000_000n + BigInt(segment.nanos[row] as number)
}

export function recordOf(segment: Segment, row: number, origins: OriginRows): LogRecord {
  const origin = originAt(origins, segment.origin[row] as number)
  const generation = segment.generation[row] as number
  const offset = segment.offset[row] as number
  return {
    id: recordId({ instance: origin.instance, streamNumber: origin.streamNumber, generation, offset }),
    time: timeOf(segment, row),
    receivedMs: segment.receivedMs[row] as number,
    level: LEVELS[segment.level[row] as number] ?? 'unknown',
    output: OUTPUTS[segment.output[row] as number] ?? '',
    flags: segment.flags[row] as number,
    text: textOf(segment, row),
    origin,
    generation,
    offset
  }
}

/**
 * A record of which only what is asked for gets made: what matcher() looks at. Move it from row to row.
 * The texts of a segment that is all ASCII are slices of one string.
 */
export class RowView implements LogRecord {
  readonly #segment: Segment
  readonly #origins: OriginRows
  readonly #whole: string | undefined
  row = 0

  constructor(segment: Segment, origins: OriginRows, manyRows: boolean) {
    this.#segment = segment
    this.#origins = origins
    if (manyRows && isAscii(segment.text)) this.#whole = segment.text.toString('latin1')
  }

  get text(): string {
    if (this.#whole === undefined) return textOf(this.#segment, this.row)
    const ends = this.#segment.textEnd
    return this.#whole.slice(this.row > 0 ? ends[this.row - 1] : 0, ends[this.row])
  }
  get origin(): Origin {
    return originAt(this.#origins, this.#segment.origin[this.row] as number)
  }
  get level() {
    return LEVELS[this.#segment.level[this.row] as number] ?? 'unknown'
  }
  get output() {
    return OUTPUTS[this.#segment.output[this.row] as number] ?? ''
  }
  get id(): string {
    const { instance, streamNumber } = this.origin
    return recordId({ instance, streamNumber, generation: this.generation, offset: this.offset })
  }
  get time(): bigint {
    return timeOf(this.#segment, this.row)
  }
  get receivedMs(): number {
    return this.#segment.receivedMs[this.row] as number
  }
  get flags(): number {
    return this.#segment.flags[this.row] as number
  }
  get generation(): number {
    return this.#segment.generation[this.row] as number
  }
  get offset(): number {
    return this.#segment.offset[this.row] as number
  }
}
