/** The parse threads alone: bodies of 1 MiB decompressed, cut into lines, decoded, time and level found. */
import { createHash } from 'node:crypto'
import type { Delivery } from '../../agent/protocol.ts'
import { handlingOf } from '../../collector/handling.ts'
import type { Format, Manner } from '../../collector/parse/reading.ts'
import { BUILT_IN_RULES, type RedactionConfig } from '../../collector/parse/redact-rules.ts'
import { openParsing } from './built.ts'
import { framed } from './frame.ts'
import { dockerRecord, type Line, workload } from './generator.ts'
import { type Bench, bar, beside, type Row } from './row.ts'
import { decoder, encoder } from './zstd.ts'

const CHUNK_BYTES = 1 << 20
/** Distinct bodies of each kind; they are parsed more than once, as different generations. */
const BODIES = 24
const TURNS = 16
const REDACTION_TURNS = 3
const CONTAINER = createHash('sha256').update('bench').digest('hex')

interface Body {
  /** The chunk as it was. */
  plain: Buffer
  /** Head and chunk, compressed. */
  wire: Buffer
  length: number
  lines: number
}

interface Kind {
  name: string
  formats: readonly number[]
  text(line: Line): string
  /** Lines of text, not of Docker's JSON. */
  plain?: boolean
}

const KINDS: Kind[] = [
  { name: 'mixed lines, about 120 bytes', formats: [0, 1, 2, 3, 4, 5, 6], text: ({ text }) => text },
  { name: 'plain text lines', formats: [3, 4, 5, 6], text: ({ text }) => text },
  { name: 'JSON-heavy lines', formats: [0, 1, 2, 3, 4, 5, 6], text: request }
]

export const rows: Bench = async (progress) => {
  const found: Row[] = []
  for (const kind of KINDS) {
    progress(`${kind.name}: making ${BODIES} bodies`)
    const bodies = bodiesOf(kind)
    progress(`${kind.name}: parsing`)
    const ours = await throughThreads(bodies)
    const theirs = withJsonParse(bodies)
    found.push(
      {
        what: `${kind.name}: lines a second of one core`,
        value: ours.perCpuSecond,
        unit: 'lines/s',
        beside: beside('JSON.parse, Date.parse, regex per line', ours.perCpuSecond, theirs, false),
        bar: bar(ours.perCpuSecond, 700_000, 'lines/s', false),
        cause: `a line is ${Math.round((ours.mbPerCpuSecond * 1e6) / ours.perCpuSecond)} bytes of Docker's JSON here, and the bar counts lines of about 220. By its profile a third of the CPU unescapes texts (readDockerLine: an escape every few bytes), an eighth decompresses, the rest is the runtime's: copies, new pages and collection of bodies and columns.`
      },
      { what: `${kind.name}: by the clock, one thread`, value: ours.perSecond, unit: 'lines/s' },
      { what: `${kind.name}: Docker's JSON`, value: ours.mbPerCpuSecond, unit: 'MB/s of one core' }
    )
    progress(`${kind.name}: with and without redaction`)
    found.push(await redactionRow(kind.name, bodies))
    if (kind === KINDS[0]) found.push(...(await eventRows(bodies, ours.perCpuSecond)))
  }
  progress('text files')
  const text = await throughThreads(bodiesOf(FILES), manner('text'))
  found.push(
    { what: 'lines of text files, each with its own time', value: text.perCpuSecond, unit: 'lines/s' },
    { what: 'text files', value: text.mbPerCpuSecond, unit: 'MB/s of one core' }
  )
  return found
}

/** The same bodies with and without, in turns, so that a noisy machine is noisy for both. */
async function redactionRow(name: string, bodies: Body[]): Promise<Row> {
  const cpu = { on: 0, off: 0 }
  for (let turn = 0; turn < REDACTION_TURNS; turn++)
    for (const [which, builtIn] of [
      ['off', false],
      ['on', true]
    ] as const)
      cpu[which] +=
        1e6 / (await throughThreads(bodies, manner('docker'), { builtIn, expressions: [] })).perCpuSecond
  const seconds = (cpu.on - cpu.off) / REDACTION_TURNS
  const share = (100 * (cpu.on - cpu.off)) / cpu.off
  return {
    what: `${name}: redaction, for a million lines`,
    value: seconds,
    unit: 's of one core',
    cause: `${share.toFixed(1)} % of what parsing takes without it (${(cpu.off / REDACTION_TURNS).toFixed(2)} s), in the same run.`
  }
}

/** Lines of text files as log4j and many others write them. */
const FILES: Kind = {
  name: 'text files',
  formats: [3, 4, 5, 6],
  text: ({ timeMs, error, text }) =>
    `${new Date(timeMs).toISOString().replace('T', ' ').replace('.', ',').slice(0, -1)} ${error ? 'ERROR' : 'INFO'} ${text}`,
  plain: true
}

function manner(format: Format, labels: Record<string, string> = {}): Manner {
  return { format, handling: handlingOf(labels) }
}

/** What it costs to find the lines that belong together: the same lines with and without, in turns. */
async function eventRows(bodies: Body[], withPerCpuSecond: number): Promise<Row[]> {
  const off = manner('docker', { 'driftlog.multiline': 'off' })
  const without = [await throughThreads(bodies, off)]
  const again = await throughThreads(bodies)
  without.push(await throughThreads(bodies, off))
  const secondsPerMillion = (runs: number[]) => 1e6 / (runs.reduce((sum, run) => sum + run) / runs.length)
  const on = secondsPerMillion([withPerCpuSecond, again.perCpuSecond])
  const bare = secondsPerMillion(without.map((run) => run.perCpuSecond))
  return [
    { what: 'CPU per million lines, multi-line events found', value: on, unit: 's' },
    { what: 'CPU per million lines, driftlog.multiline=off', value: bare, unit: 's' },
    { what: 'multi-line events: CPU per million lines', value: on - bare, unit: 's' }
  ]
}

/** One thread, the next body on its way while one is parsed. CPU is all of the process: thread, its GC, hand-over. */
async function throughThreads(
  bodies: Body[],
  { format, handling } = manner('docker'),
  redaction: RedactionConfig = BUILT_IN_RULES
) {
  const { ParsePool } = await openParsing()
  await using pool = await ParsePool.open({ threads: 1, redaction })
  let lines = 0
  let bytes = 0
  const run = async (turn: number, { wire, length, plain }: Body, at: number) => {
    // The pool keeps the body: each time it gets a copy of its own, as from a socket.
    const { id } = await pool.open('bench', new Uint8Array(wire).buffer, 'zstd', length)
    const key = `${turn}.${at}`
    const place = { key, offset: 0, committed: 0, stored: 0, last: true }
    const asked = { ...place, format, handling, aheadMs: 0 }
    const { chunks } = await pool.parse('bench', id, [asked])
    lines += chunks[0]?.records.count ?? 0
    bytes += plain.length
  }
  await both(bodies.slice(0, 8).map((body, at) => () => run(-1, body, at)))
  lines = bytes = 0
  const cpu = process.cpuUsage()
  const startedMs = performance.now()
  const tasks = Array.from({ length: TURNS }, (_, turn) =>
    bodies.map((body, at) => () => run(turn, body, at))
  )
  await both(tasks.flat())
  const seconds = (performance.now() - startedMs) / 1000
  const used = process.cpuUsage(cpu)
  const cpuSeconds = (used.user + used.system) / 1e6
  const expected = TURNS * bodies.reduce((sum, body) => sum + body.lines, 0)
  if (lines !== expected) throw new Error(`${lines} of ${expected} lines were parsed`)
  return {
    perCpuSecond: lines / cpuSeconds,
    perSecond: lines / seconds,
    mbPerCpuSecond: bytes / 1e6 / cpuSeconds
  }
}

/** Two tasks are always under way. */
async function both(tasks: (() => Promise<void>)[]): Promise<void> {
  const left = tasks.values()
  const work = async () => {
    for (const task of left) await task()
  }
  await Promise.all([work(), work()])
}

const LEVEL_WORD = /\b(trace|debug|info|warn(?:ing)?|error|fatal|panic)\b/i

/** What one would write first: split, JSON.parse, Date.parse and a regular expression for the level, an object per line. */
function withJsonParse(bodies: Body[]): number {
  const decompress = decoder()
  const run = ({ wire }: Body): number => {
    const plain = decompress(wire)
    let at = 4 + plain.readUInt32LE(0)
    const records = []
    for (let end = plain.indexOf(10, at); end >= 0; end = plain.indexOf(10, at)) {
      const { log, stream, time } = JSON.parse(plain.toString('utf8', at, end)) as Record<string, string>
      const level = LEVEL_WORD.exec(log?.slice(0, 160) ?? '')?.[1]
      records.push({ log, stream, level, ms: Date.parse(time ?? '') })
      at = end + 1
    }
    return records.length
  }
  for (const body of bodies.slice(0, 8)) run(body)
  let lines = 0
  const cpu = process.cpuUsage()
  for (let turn = 0; turn < TURNS / 4; turn++) for (const body of bodies) lines += run(body)
  const used = process.cpuUsage(cpu)
  return lines / ((used.user + used.system) / 1e6)
}

function bodiesOf({ formats, text, plain: isText }: Kind): Body[] {
  const compress = encoder()
  const lines = workload(BODIES * 12_000, {
    startMs: Date.UTC(2026, 0, 1),
    spanMs: 3_600_000,
    formats
  }).lines()
  return Array.from({ length: BODIES }, () => {
    const records: string[] = []
    let bytes = 0
    while (bytes < CHUNK_BYTES - 4096) {
      const { value: line, done } = lines.next()
      if (done) throw new Error('too few lines')
      const nanos = (line.timeMs * 7919) % 1_000_000
      const record = isText
        ? `${text(line)}\n`
        : dockerRecord(text(line), line.error ? 'stderr' : 'stdout', line.timeMs, nanos)
      records.push(record)
      bytes += Buffer.byteLength(record)
    }
    const plain = Buffer.from(records.join(''))
    const head: Delivery = {
      session: 'bench',
      events: [],
      chunks: [{ container: CONTAINER, stream: 'docker', generation: 'g', offset: 0, bytes, last: true }],
      losses: [],
      behindBytes: 0
    }
    const body = framed(head, plain)
    return { plain, wire: compress(body), length: body.length, lines: records.length }
  })
}

/** As a Node service with a request logger writes it. */
function request({ app, text, timeMs, error }: Line): string {
  const level = error ? 50 : 30
  const status = error ? 500 : 200
  const id = (timeMs * 2_654_435_761).toString(36)
  return JSON.stringify({
    level,
    time: timeMs,
    pid: 17,
    hostname: `${app}-7f9c`,
    name: app,
    req: {
      id,
      method: 'GET',
      url: `/api/v1/${app}/${timeMs % 100_000}?page=2&sort=-created`,
      headers: { host: 'shop.example.com', 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)', accept: '*/*' },
      remoteAddress: `10.0.${timeMs % 250}.7`
    },
    res: { statusCode: status, headers: { 'content-type': 'application/json', 'content-length': 4711 } },
    responseTime: timeMs % 4000,
    msg: text
  })
}
