/** The embedded engine: ingest with fsync and sealing, bytes on disk, and every class of query at 3 M records. */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { parse } from '../../collector/query/grammar.ts'
import { type Batch, type Columns, LEVELS, type Origin } from '../../collector/record.ts'
import { openStores } from '../../collector/store/open.ts'
import type { LogStore, Query } from '../../collector/store/store.ts'
import { workload } from './generator.ts'
import { quantile } from './process.ts'
import { type Bench, bar, type Row } from './row.ts'

const RECORDS = Number(process.env['BENCH_RECORDS'] ?? 3_000_000)
const BATCH = 4000
const DAY_MS = 86_400_000
const BOUNDS = { budgetMs: 60_000 }

export const rows: Bench = async (progress) => {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-bench-engine-'))
  try {
    await using stores = await openStores({
      engine: 'embedded',
      dataDir: folder,
      log: pino({ level: 'silent' })
    })
    const endMs = Math.floor(Date.now() / 1000) * 1000
    const ingest = await fill(stores.logs, endMs, progress)
    progress('sealing what is left, then measuring queries')
    await sealed(stores.logs)
    const disk = await bytesOf(folder)
    return [
      {
        what: 'ingest incl. fsync and sealing',
        value: ingest.perSecond,
        unit: 'records/s',
        bar: bar(ingest.perSecond, 150_000, 'records/s', false)
      },
      {
        what: 'CPU of ingest, all threads',
        value: ingest.cpuMicros,
        unit: 'µs/record',
        bar: bar(ingest.cpuMicros, 6, 'µs/record')
      },
      { what: 'append to durable, p50', value: ingest.p50Ms, unit: 'ms', bar: bar(ingest.p50Ms, 5, 'ms') },
      { what: 'append to durable, p99', value: ingest.p99Ms, unit: 'ms', bar: bar(ingest.p99Ms, 50, 'ms') },
      {
        what: 'bytes on disk per raw byte',
        value: disk / ingest.rawBytes,
        unit: '',
        bar: bar(disk / ingest.rawBytes, 0.21, '')
      },
      {
        what: 'resident memory after ingest',
        value: ingest.rssMb,
        unit: 'MB',
        bar: bar(ingest.rssMb, 600, 'MB')
      },
      ...(await queries(stores.logs, endMs, ingest.needle))
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function fill(logs: LogStore, endMs: number, progress: (text: string) => void) {
  const work = workload(RECORDS, { startMs: endMs - DAY_MS, spanMs: DAY_MS })
  const open = new Map<number, Builder>()
  let rawBytes = 0
  let wallMs = 0
  let cpuMicros = 0
  let done = 0
  const latencies: number[] = []
  let waiting: Builder[] = []
  let pending = 0
  // Making the test data is not the engine's work: only the appends are timed.
  const flush = async () => {
    const batches = waiting.map((builder) => builder.take())
    waiting = []
    pending = 0
    const cpu = process.cpuUsage()
    const started = performance.now()
    await logs.append(batches)
    const tookMs = performance.now() - started
    const used = process.cpuUsage(cpu)
    wallMs += tookMs
    cpuMicros += used.user + used.system
    latencies.push(tookMs)
  }
  for (const line of work.lines()) {
    let builder = open.get(line.container)
    if (!builder) {
      builder = new Builder(line.container, line.app, line.host)
      open.set(line.container, builder)
    }
    if (builder.empty) waiting.push(builder)
    rawBytes += builder.add(line.text, line.timeMs, line.error)
    if (++pending === BATCH) await flush()
    if (++done % 500_000 === 0)
      progress(`${done.toLocaleString('en-US')} of ${RECORDS.toLocaleString('en-US')} records appended`)
  }
  await flush()
  const cpu = process.cpuUsage()
  const started = performance.now()
  await sealed(logs)
  wallMs += performance.now() - started
  const used = process.cpuUsage(cpu)
  cpuMicros += used.user + used.system
  return {
    rawBytes,
    perSecond: (RECORDS / wallMs) * 1000,
    cpuMicros: cpuMicros / RECORDS,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    rssMb: process.memoryUsage().rss / 1e6,
    needle: work.needles[0] ?? ''
  }
}

/** Waits until no full journal is left to seal. */
async function sealed(logs: LogStore): Promise<void> {
  for (let wait = 0; wait < 600 && (logs.health().figures['seals_pending'] ?? 0) > 0; wait++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Gathers lines of one container as the columns that a parse thread would give. */
class Builder {
  readonly #origin: Origin
  #texts: string[] = []
  #times: number[] = []
  #errors: boolean[] = []
  #offset = 0

  constructor(container: number, app: string, host: string) {
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
  }

  get empty(): boolean {
    return this.#texts.length === 0
  }

  add(text: string, timeMs: number, error: boolean): number {
    this.#texts.push(text)
    this.#times.push(timeMs)
    this.#errors.push(error)
    return Buffer.byteLength(text)
  }

  take(): Batch {
    const count = this.#texts.length
    const text = Buffer.from(this.#texts.join(''))
    const records: Columns = {
      count,
      timeMs: Float64Array.from(this.#times),
      nanos: new Uint32Array(count),
      offset: new Float64Array(count),
      end: new Float64Array(count),
      level: Uint8Array.from(this.#texts, levelOf),
      output: Uint8Array.from(this.#errors, (error) => (error ? 2 : 1)),
      flags: new Uint8Array(count),
      textEnd: new Uint32Array(count),
      text: new Uint8Array(text)
    }
    let at = 0
    for (let row = 0; row < count; row++) {
      records.offset[row] = this.#offset
      const bytes = Buffer.byteLength(this.#texts[row] ?? '')
      this.#offset += bytes + 70
      records.end[row] = this.#offset
      at += bytes
      records.textEnd[row] = at
    }
    this.#texts = []
    this.#times = []
    this.#errors = []
    return {
      origin: this.#origin,
      state: {
        generation: 'g',
        number: 0,
        file: '',
        committed: this.#offset,
        stored: this.#offset,
        ended: false
      },
      receivedMs: Date.now(),
      records
    }
  }
}

function levelOf(text: string): number {
  const match = /\b(error|warn|info|debug)\b/i.exec(text.slice(0, 120))
  return match?.[1] ? LEVELS.indexOf(match[1].toLowerCase() as (typeof LEVELS)[number]) : 0
}

async function bytesOf(path: string): Promise<number> {
  const info = await stat(path)
  if (!info.isDirectory()) return info.blocks * 512
  const sizes = await Promise.all((await readdir(path)).map((name) => bytesOf(join(path, name))))
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function queries(logs: LogStore, endMs: number, needle: string): Promise<Row[]> {
  const apps = [
    'checkout',
    'auth',
    'orders',
    'users',
    'reports',
    'database',
    'broker',
    'sshd',
    'audit',
    'legacy'
  ]
  const ask = (text: string, spanMs = DAY_MS): Query => {
    const parsed = parse(text)
    if (!parsed.ok) throw new Error(`${text}: ${parsed.error.message}`)
    return {
      where: parsed.expression,
      from: BigInt(endMs - spanMs) * 1_000_000n,
      to: BigInt(endMs + 1) * 1_000_000n
    }
  }
  const first = (query: Query) => logs.search(query, { limit: 200, direction: 'older' }, BOUNDS)
  const minutes = (query: Query) => logs.histogram(query, { ns: 60_000_000_000n, origin: 0n }, BOUNDS)
  const withTotal = async (query: Query) => {
    await first(query)
    await minutes(query)
  }
  const some = (await first(ask('app:orders'))).records
  const middle = some[Math.floor(some.length / 2)]
  const classes: [string, (i: number) => Promise<unknown>, number][] = [
    ['Q1 newest 200 of an app, 15 min', (i) => first(ask(`app:${apps[i % 10]}`, 900_000)), 20],
    ['Q2 newest 200 errors of an app', (i) => first(ask(`app:${apps[i % 10]} level:error`)), 100],
    ['Q3 word, first 200', () => first(ask('timeout')), 150],
    ['Q3 word, 200 and total', () => withTotal(ask('timeout')), 600],
    ['Q3 phrase, 200 and total', () => withTotal(ask('"connection refused"')), 600],
    ['Q4 request id as a word', () => first(ask(needle)), 100],
    ['Q4 inner substring', () => first(ask(`/${needle.slice(3, 14)}/`)), 1500],
    ['Q5 per minute and level', () => minutes(ask('')), 150],
    ['Q5 with a word', () => minutes(ask('timeout')), 400],
    [
      'Q6 context, 50 + 50',
      () => logs.context(middle?.id ?? '', { before: 50, after: 50, scope: 'instance' }, BOUNDS),
      20
    ],
    [
      'Q7 regex with a literal, total',
      () => minutes(ask('/upstream request timeout after (29|30)000 ms/')),
      1000
    ],
    ['Q7 regex without a literal, total', () => minutes(ask('/" 50[0-4] \\d+ "-" "[a-z]+\\//')), 4000],
    ['Q8 first and last per origin', () => logs.origins(), 20]
  ]
  const found: Row[] = []
  for (const [what, run, limitMs] of classes) {
    await run(0)
    const times: number[] = []
    for (let i = 0; i < 7; i++) {
      const started = performance.now()
      await run(i)
      times.push(performance.now() - started)
    }
    const p50 = quantile(times, 0.5)
    found.push({ what: `${what}, warm p50`, value: p50, unit: 'ms', bar: bar(p50, limitMs, 'ms') })
  }
  return found
}
