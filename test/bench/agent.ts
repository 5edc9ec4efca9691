/** The agent alone, against a sink that takes everything: catch-up, steady load, idle; beside rsyslog and gzip. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startPretendedEngine } from '../../server/demo/engine.ts'
import { startAgent } from '../system/programs.ts'
import { dockerRecord, type Line, workload } from './generator.ts'
import { startPartner } from './partner.ts'
import { causeOf, cpuSeconds, memoryMb, quantile, waiting } from './process.ts'
import { type Bench, bar, beside, type Row } from './row.ts'
import type { SinkFigures } from './sink.ts'

const LINES = Number(process.env['BENCH_LINES'] ?? 2_000_000)
const STEADY_RATE = 10_000
const STREAMS = 50
/** Docker's own files, or files that the apps write inside their containers. */
type Into = 'docker' | 'files'
/**
 * Twice the lines and a third of the CPU of Fluent Bit 5.1.1 with zstd (204,000 lines/s, 5.58 s per million), six times
 * and an eighth of it without a codec (230,000 lines/s, 4.97 s): measured once, on a machine of two cores like this.
 */
const BARS: Partial<Record<string, { lines: number; cpu: number }>> = {
  zstd: { lines: 408_000, cpu: 1.86 },
  identity: { lines: 1_380_000, cpu: 0.62 }
}

export const rows: Bench = async (progress) => {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-bench-agent-'))
  try {
    return [
      ...(await catchUp(folder, progress)),
      ...(await filesCatchUp(folder, progress)),
      ...(await steady(folder, 'docker', progress)),
      ...(await steady(folder, 'files', progress)),
      ...(await idle(folder, 'docker', progress)),
      ...(await idle(folder, 'files', progress))
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function catchUp(folder: string, progress: (text: string) => void): Promise<Row[]> {
  progress(`writing ${LINES.toLocaleString('en-US')} lines`)
  await using engine = await startPretendedEngine({
    socketPath: join(folder, 'c.sock'),
    dir: join(folder, 'c'),
    id: 'c',
    name: 'bench'
  })
  const id = engine.run({ name: 'big', image: 'writer:1' })
  const path = engine.find(id).logPath
  await writeLines(path)
  const rawMb = (await stat(path)).size / 1e6
  const million = LINES / 1e6

  progress('gzip -1')
  const gzip = await gzipOf(path)
  const start = await startSeconds(join(folder, 'state-start'), join(folder, 'c.sock'))
  progress('rsyslog imfile')
  const rsyslog = await rsyslogCatchUp(folder, path, progress)
  const found: Row[] = []
  for (const codec of ['zstd', 'br', 'gzip', 'identity']) {
    progress(`agent, ${codec}`)
    const run = await agentCatchUp(join(folder, `state-${codec}`), join(folder, 'c.sock'), codec)
    const perMillion = run.cpu / million
    const perSecond = LINES / run.seconds
    const name = `catch-up, 1 file, ${codec}`
    const limits = BARS[codec]
    const cause = causeOf(run.waited)
    found.push(
      {
        what: `${name}: lines`,
        value: perSecond,
        unit: 'lines/s',
        ...(rsyslog && {
          beside: beside('rsyslog imfile, plain', perSecond, LINES / rsyslog.seconds, false)
        }),
        ...(limits && { bar: bar(perSecond, limits.lines, 'lines/s', false) }),
        ...(cause && { cause })
      },
      {
        what: `${name}: CPU per million lines`,
        value: perMillion,
        unit: 's',
        ...(rsyslog && { beside: beside('rsyslog imfile, plain', perMillion, rsyslog.cpu / million) }),
        ...(limits && { bar: bar(perMillion, limits.cpu, 's') }),
        cause: `starting Node is in it, ${(start / million).toFixed(2)} s of ${perMillion.toFixed(2)} s at this number of lines; a busy machine makes every instruction dearer, see the time of gzip.`
      },
      {
        what: `${name}: CPU per million lines, beside gzip`,
        value: perMillion,
        unit: 's',
        beside: beside('gzip -1 of the file', perMillion, gzip.cpu / million)
      },
      {
        what: `${name}: raw bytes per byte sent`,
        value: run.rawBytes / run.wireBytes,
        unit: '',
        ...(codec !== 'identity' && {
          beside: beside('gzip -1 of the file', run.rawBytes / run.wireBytes, gzip.ratio, false)
        }),
        ...(codec === 'zstd' && { bar: bar(run.rawBytes / run.wireBytes, 5, '', false) })
      },
      { what: `${name}: peak memory`, value: run.peakMb, unit: 'MB', bar: bar(run.peakMb, 130, 'MB') }
    )
  }
  progress(`the file was ${rawMb.toFixed(0)} MB`)
  return found
}

async function agentCatchUp(stateDir: string, socket: string, codec: string) {
  await using sink = await startSink(codec, false)
  await using agent = startAgent({ hubUrl: sink.url, socket, stateDir, name: 'bench' })
  const waited = waiting(agent.pid)
  let figures = await sink.figures()
  for (let wait = 0; wait < 2400 && figures.lines < LINES; wait++) {
    await sleep(50)
    if (agent.exited()) throw new Error(agent.output())
    figures = await sink.figures()
  }
  if (figures.lines !== LINES)
    throw new Error(`${figures.lines} of ${LINES} lines arrived\n${agent.output()}`)
  return {
    seconds: (figures.lastMs - figures.firstMs) / 1000,
    cpu: cpuSeconds(agent.pid),
    waited: waited(),
    peakMb: memoryMb(agent.pid).peak,
    rawBytes: figures.rawBytes,
    wireBytes: figures.wireBytes
  }
}

/** Plain text in a container's writable layer, by the label driftlog.files. */
async function filesCatchUp(folder: string, progress: (text: string) => void): Promise<Row[]> {
  progress('agent, a file inside a container')
  await using engine = await startPretendedEngine({
    socketPath: join(folder, 'f.sock'),
    dir: join(folder, 'f'),
    id: 'f',
    name: 'bench'
  })
  const labels = { 'driftlog.files': '/app/logs/*.log' }
  const id = engine.run({ name: 'big', image: 'writer:1', labels })
  engine.writeFile(id, '/app/logs/app.log', '')
  await writeLines(join(engine.find(id).upperDir, 'app/logs/app.log'), ({ text }) => `${text}\n`)
  const run = await agentCatchUp(join(folder, 'state-f'), join(folder, 'f.sock'), 'zstd')
  const cause = causeOf(run.waited)
  const name = 'catch-up, 1 file inside a container, zstd'
  return [
    { what: `${name}: lines`, value: LINES / run.seconds, unit: 'lines/s', ...(cause && { cause }) },
    { what: `${name}: CPU per million lines`, value: run.cpu / (LINES / 1e6), unit: 's' },
    { what: `${name}: peak memory`, value: run.peakMb, unit: 'MB', bar: bar(run.peakMb, 130, 'MB') }
  ]
}

async function steady(folder: string, into: Into, progress: (text: string) => void): Promise<Row[]> {
  const where = into === 'files' ? ', files inside containers' : ''
  progress(`steady: ${STEADY_RATE} lines/s over ${STREAMS} streams${where}`)
  await using writer = await startWriter(folder, `s-${into}`, into)
  await using sink = await startSink('zstd', true)
  await using agent = startAgent({
    hubUrl: sink.url,
    socket: writer.socket,
    stateDir: join(folder, `state-s-${into}`),
    name: 'bench'
  })
  writer.child.send({ rate: STEADY_RATE })
  await sleep(8000)
  sink.child.send('forget')
  const waited = waiting(agent.pid)
  const use = await usage(agent.pid, 20_000)
  const cause = causeOf(waited())
  const figures = await sink.figures()
  writer.child.send({ rate: 0 })
  return [
    {
      what: `steady 10,000 lines/s, 50 streams${where}: CPU of a core`,
      value: use.cpuPercent,
      unit: '%',
      bar: bar(use.cpuPercent, 6.75, '%')
    },
    { what: `steady${where}: memory`, value: use.memoryMb, unit: 'MB', bar: bar(use.memoryMb, 90, 'MB') },
    {
      what: `steady${where}: line written to hub received, p50`,
      value: quantile(figures.latenciesMs, 0.5),
      unit: 'ms'
    },
    {
      what: `steady${where}: line written to hub received, p99`,
      value: quantile(figures.latenciesMs, 0.99),
      unit: 'ms',
      bar: bar(quantile(figures.latenciesMs, 0.99), 250, 'ms'),
      ...(cause && { cause })
    }
  ]
}

async function idle(folder: string, into: Into, progress: (text: string) => void): Promise<Row[]> {
  const where = into === 'files' ? ', files inside containers' : ''
  progress(`idle: ${STREAMS} quiet streams${where}`)
  await using writer = await startWriter(folder, `i-${into}`, into)
  await using sink = await startSink('zstd', false)
  await using agent = startAgent({
    hubUrl: sink.url,
    socket: writer.socket,
    stateDir: join(folder, `state-i-${into}`),
    name: 'bench'
  })
  writer.child.send({ rate: 500 })
  await sleep(1000)
  writer.child.send({ rate: 0 })
  await sleep(12_000)
  const use = await usage(agent.pid, 30_000)
  return [
    {
      what: `idle, 50 streams${where}: CPU of a core`,
      value: use.cpuPercent,
      unit: '%',
      bar: bar(use.cpuPercent, 0.6, '%'),
      ...(into === 'files' && {
        cause:
          'the folders of 50 containers are looked into every 5 s, in case the kernel has dropped the word of a change: with DRIFTLOG_IDLE_POLL_MS=30000 it was 0.90 instead of 1.27 %, in runs right after one another.'
      })
    },
    { what: `idle${where}: memory`, value: use.memoryMb, unit: 'MB', bar: bar(use.memoryMb, 70, 'MB') }
  ]
}

async function usage(pid: number, ms: number): Promise<{ cpuPercent: number; memoryMb: number }> {
  const before = cpuSeconds(pid)
  await sleep(ms)
  return { cpuPercent: ((cpuSeconds(pid) - before) / (ms / 1000)) * 100, memoryMb: memoryMb(pid).now }
}

async function writeLines(path: string, as: (line: Line) => string = dockerLine): Promise<void> {
  const startMs = Date.now() - 3_600_000
  let text = ''
  for (const line of workload(LINES, { startMs, spanMs: 3_600_000 }).lines()) {
    text += as(line)
    if (text.length < 1 << 22) continue
    await appendFile(path, text)
    text = ''
  }
  await appendFile(path, text)
}

function dockerLine({ text, error, timeMs }: Line): string {
  return dockerRecord(text, error ? 'stderr' : 'stdout', timeMs, (timeMs * 7919) % 1_000_000)
}

/** rsyslog reads the same file and forwards the raw lines over TCP, unparsed and uncompressed. */
async function rsyslogCatchUp(
  folder: string,
  path: string,
  progress: (text: string) => void
): Promise<{ seconds: number; cpu: number } | undefined> {
  if (spawnSync('rsyslogd', ['-v']).status !== 0) {
    progress('rsyslogd is not installed: nothing beside')
    return undefined
  }
  let lines = 0
  let firstMs = 0
  let lastMs = 0
  const server = createServer((socket) => {
    socket.on('data', (bytes: Buffer) => {
      firstMs ||= Date.now()
      lastMs = Date.now()
      for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const config = join(folder, 'rsyslog.conf')
  await writeFile(
    config,
    `global(workDirectory="${folder}" maxMessageSize="64k")
module(load="imfile" mode="polling" pollingInterval="1")
template(name="raw" type="string" string="%msg%\\n")
input(type="imfile" File="${path}" Tag="bench" ruleset="out" readMode="0" escapeLF="off")
ruleset(name="out" queue.type="LinkedList" queue.dequeueBatchSize="4096" queue.size="100000") {
  action(type="omfwd" target="127.0.0.1" port="${port}" protocol="tcp" template="raw")
}
`
  )
  const child = spawn('rsyslogd', ['-n', '-f', config, '-i', join(folder, 'rsyslog.pid')], {
    stdio: ['ignore', 'inherit', 'inherit']
  })
  for (let wait = 0; wait < 2400 && lines < LINES && child.exitCode === null; wait++) await sleep(50)
  const cpu = child.pid && child.exitCode === null ? cpuSeconds(child.pid) : Number.NaN
  child.kill('SIGKILL')
  server.close()
  if (lines >= LINES) return { seconds: (lastMs - firstMs) / 1000, cpu }
  progress(`rsyslogd delivered ${lines} of ${LINES} lines: nothing beside`)
  return undefined
}

/** CPU seconds, and how many times smaller the file became. */
async function gzipOf(path: string): Promise<{ cpu: number; ratio: number }> {
  const child = spawn('gzip', ['-1', '-c', path], { stdio: ['ignore', 'pipe', 'inherit'] })
  let [cpu, bytes] = [0, 0]
  child.stdout.on('data', (part: Buffer) => {
    bytes += part.length
    if (child.pid && child.exitCode === null) cpu = cpuSeconds(child.pid)
  })
  await once(child, 'close')
  return { cpu, ratio: (await stat(path)).size / bytes }
}

/** CPU seconds of an agent until it has found its container; the hub does not answer. */
async function startSeconds(stateDir: string, socket: string): Promise<number> {
  await using agent = startAgent({ hubUrl: 'http://127.0.0.1:9', socket, stateDir, name: 'bench' })
  await sleep(3000)
  return cpuSeconds(agent.pid)
}

async function startSink(codec: string, stamped: boolean) {
  const partner = await startPartner('./sink.ts', [codec, ...(stamped ? ['stamped'] : [])])
  return {
    ...partner,
    url: `http://127.0.0.1:${partner.hello['port']}`,
    figures: async (): Promise<SinkFigures> =>
      (await partner.ask<{ figures: SinkFigures }>('figures')).figures
  }
}

async function startWriter(folder: string, name: string, into: Into) {
  const socket = join(folder, `${name}.sock`)
  const args = [socket, join(folder, name), String(STREAMS), into]
  return { ...(await startPartner('./writer.ts', args)), socket }
}
