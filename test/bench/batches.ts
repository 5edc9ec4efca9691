/** The generator's lines as what the parse threads hand to a store. */
import { type Batch, type Columns, LEVELS, type Origin } from '../../collector/record.ts'
import { type Line, type Workload, workload } from './generator.ts'

export interface Appends {
  work: Workload
  /** One append after the other; each holds batches of all containers that wrote meanwhile. */
  next(): IteratorResult<Append>
}

export interface Append {
  batches: Batch[]
  records: number
  /** Bytes of text. */
  rawBytes: number
}

/** `perAppend` lines go into one append: about what a delivery of 1 MiB holds. */
export function appends(
  count: number,
  options: { perAppend: number; startMs: number; spanMs: number }
): Appends {
  const work = workload(count, options)
  const lines = work.lines()
  const known = new Map<number, Builder>()
  return {
    work,
    next: () => {
      const touched: Builder[] = []
      let records = 0
      let rawBytes = 0
      for (; records < options.perAppend; records++) {
        const { value: line, done } = lines.next()
        if (done) break
        let builder = known.get(line.container)
        if (!builder) {
          builder = new Builder(line)
          known.set(line.container, builder)
        }
        if (builder.isEmpty) touched.push(builder)
        rawBytes += builder.add(line)
      }
      if (records === 0) return { done: true, value: undefined }
      return { done: false, value: { batches: touched.map((builder) => builder.take()), records, rawBytes } }
    }
  }
}

/** The next appends, until they hold this many records. */
export function take(made: Appends, records: number): Append[] {
  const round: Append[] = []
  for (let count = 0; count < records; ) {
    const next = made.next()
    if (next.done) break
    round.push(next.value)
    count += next.value.records
  }
  return round
}

/** The same records again, `byMs` later and as many bytes further in their files as they are long. */
export function later(batch: Batch, byMs: number, byBytes: number): Batch {
  const { records, state } = batch
  return {
    ...batch,
    receivedMs: Date.now(),
    state: { ...state, committed: state.committed + byBytes, stored: state.stored + byBytes },
    records: {
      ...records,
      timeMs: records.timeMs.map((ms) => ms + byMs),
      offset: records.offset.map((at) => at + byBytes),
      end: records.end.map((at) => at + byBytes)
    }
  }
}

class Builder {
  readonly #origin: Origin
  readonly #labels: Record<string, string>
  #lines: Line[] = []
  #offset = 0

  constructor({ container, app, host }: Line) {
    this.#origin = {
      instance: container.toString(16).padStart(16, '0'),
      app,
      environment: 'default',
      host,
      hostName: host,
      container: container.toString(16).padStart(64, '0'),
      containerName: `${app}-${container}`,
      image: `${app}:1`,
      stream: 'docker',
      streamNumber: 0
    }
    this.#labels = {
      'com.docker.compose.config-hash': container.toString(16).padStart(64, 'f'),
      'com.docker.compose.container-number': '1',
      'com.docker.compose.depends_on': '',
      'com.docker.compose.image': `sha256:${container.toString(16).padStart(64, 'e')}`,
      'com.docker.compose.oneoff': 'False',
      'com.docker.compose.project': 'shop',
      'com.docker.compose.project.config_files': '/srv/shop/compose.yaml',
      'com.docker.compose.project.working_dir': '/srv/shop',
      'com.docker.compose.service': app,
      'com.docker.compose.version': '2.39.1'
    }
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0
  }

  /** Bytes of the line's text. */
  add(line: Line): number {
    this.#lines.push(line)
    return Buffer.byteLength(line.text)
  }

  take(): Batch {
    const lines = this.#lines
    this.#lines = []
    const count = lines.length
    const records: Columns = {
      count,
      timeMs: Float64Array.from(lines, ({ timeMs }) => timeMs),
      nanos: new Uint32Array(count),
      offset: new Float64Array(count),
      end: new Float64Array(count),
      level: Uint8Array.from(lines, levelOf),
      output: Uint8Array.from(lines, ({ error }) => (error ? 2 : 1)),
      flags: new Uint8Array(count),
      textEnd: new Uint32Array(count),
      text: new Uint8Array(Buffer.from(lines.map(({ text }) => text).join('')))
    }
    let at = 0
    for (const [row, { text }] of lines.entries()) {
      const bytes = Buffer.byteLength(text)
      records.offset[row] = this.#offset
      this.#offset += bytes + DOCKER_BYTES
      records.end[row] = this.#offset
      at += bytes
      records.textEnd[row] = at
    }
    const state = {
      generation: 'g',
      number: 0,
      file: '',
      committed: this.#offset,
      stored: this.#offset,
      ended: false
    }
    return { origin: this.#origin, state, receivedMs: Date.now(), records, labels: this.#labels }
  }
}

/** What dockerd writes around a text. */
const DOCKER_BYTES = 70

function levelOf({ text }: Line): number {
  const match = /\b(error|warn|info|debug)\b/i.exec(text.slice(0, 120))
  return match?.[1] ? LEVELS.indexOf(match[1].toLowerCase() as (typeof LEVELS)[number]) : 0
}
