/** A real Elasticsearch (test/services/elasticsearch) beside the embedded engine: the hub's CPU, and the same questions. */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import type { LogStore } from '../../collector/store/store.ts'
import { appends, take } from './batches.ts'
import { openElasticsearch, openEngine } from './built.ts'
import { quantile } from './process.ts'
import { middleOf, questions } from './questions.ts'
import { type Bench, bar, beside, type Row } from './row.ts'

const RECORDS = Number(process.env['BENCH_RECORDS'] ?? 500_000)
const PER_APPEND = 4000
const ROUND = 100_000
/** Deliveries of so many hosts are under way at the same time. */
const HOSTS = 4
const TURNS = 7
const QUESTION_MS = 4000
const DAY_MS = 86_400_000
const SERVICE = fileURLToPath(new URL('../services/elasticsearch', import.meta.url))
const PORT = '9510'
const LOG = pino({ level: 'silent' })

type Progress = (text: string) => void

export const rows: Bench = async (progress) => {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-bench-elasticsearch-'))
  const env = { ...process.env, ES_DIR: `${folder}-server`, ES_PORT: PORT }
  const service = (act: string) => spawnSync(SERVICE, [act], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  try {
    if (service('up').status !== 0) throw new Error('the real Elasticsearch can not be started here')
    const { ElasticsearchLogStore, clientOf } = await openElasticsearch()
    const { EmbeddedLogStore } = await openEngine()
    const client = clientOf({ urls: [`http://127.0.0.1:${PORT}`] })
    await using cluster = await ElasticsearchLogStore.open({
      ...{ client, log: LOG, layout: { shards: 1, replicas: 0 } }
    })
    await using embedded = await EmbeddedLogStore.open({ dataDir: join(folder, 'data'), log: LOG })
    const endMs = Math.floor(Date.now() / 1000) * 1000
    const into = (name: string, store: LogStore) =>
      ingest(store, endMs, (text) => progress(`${name}: ${text}`))
    const ours = await into('elasticsearch', cluster)
    const theirs = await into('embedded', embedded)
    await embedded.seal()
    await client.indices.refresh({ index: 'driftlog-*' })
    return [
      ...written(ours, theirs),
      ...(await answers(cluster, embedded, { endMs, needle: ours.needle }, progress))
    ]
  } finally {
    service('down')
    await rm(folder, { recursive: true, force: true })
  }
}

interface Ingested {
  perSecond: number
  /** CPU of this process, seconds per million records. */
  cpuSeconds: number
  /** Share of the time in which the event loop had nothing to do. */
  idle: number
  /** Stands in one record. */
  needle: string
}

async function ingest(store: LogStore, endMs: number, progress: Progress): Promise<Ingested> {
  const made = appends(RECORDS, { perAppend: PER_APPEND, startMs: endMs - DAY_MS, spanMs: DAY_MS })
  let [wallMs, cpuMicros, done, activeMs] = [0, 0, 0, 0]
  while (done < RECORDS) {
    const round = take(made, ROUND)
    const cpu = process.cpuUsage()
    const loop = performance.eventLoopUtilization()
    const startedMs = performance.now()
    const queue = round.values()
    await Promise.all(
      Array.from({ length: HOSTS }, async () => {
        for (const { batches } of queue) await store.append(batches)
      })
    )
    wallMs += performance.now() - startedMs
    activeMs += performance.eventLoopUtilization(loop).active
    const used = process.cpuUsage(cpu)
    cpuMicros += used.user + used.system
    for (const { records } of round) done += records
    progress(`${done.toLocaleString('en-US')} of ${RECORDS.toLocaleString('en-US')} records`)
  }
  return {
    perSecond: (RECORDS / wallMs) * 1000,
    cpuSeconds: cpuMicros / RECORDS,
    idle: 100 * (1 - activeMs / wallMs),
    needle: made.work.needles[0] ?? ''
  }
}

function written(ours: Ingested, theirs: Ingested): Row[] {
  const { perSecond, cpuSeconds, idle } = ours
  return [
    {
      what: 'into Elasticsearch: records',
      value: perSecond,
      unit: 'records/s',
      beside: beside('embedded', perSecond, theirs.perSecond, false)
    },
    {
      what: "into Elasticsearch: hub's CPU per million records",
      value: cpuSeconds,
      unit: 's',
      beside: beside('embedded, all threads', cpuSeconds, theirs.cpuSeconds)
    },
    {
      what: 'into Elasticsearch: share of the time that the hub waits for it',
      value: idle,
      unit: '%',
      bar: bar(idle, 90, '%', false),
      cause: 'words are cut, fields read and documents written as JSON on the hub’s main thread.'
    }
  ]
}

/** Warm p50 of the same questions on both. */
async function answers(
  cluster: LogStore,
  embedded: LogStore,
  { endMs, needle }: { endMs: number; needle: string },
  progress: Progress
): Promise<Row[]> {
  await sleep(1000)
  const asked = async (store: LogStore) =>
    questions(store, { endMs, needle, middle: await middleOf(store, endMs) })
  const [ours, theirs] = [await asked(cluster), await asked(embedded)]
  const found: Row[] = []
  for (const [i, { name, ask }] of ours.entries()) {
    progress(name)
    const value = await warm(ask)
    const other = theirs[i]
    found.push({
      what: `${name}, warm p50`,
      value,
      unit: 'ms',
      ...(other && { beside: beside('embedded', value, await warm(other.ask)) })
    })
  }
  return found
}

async function warm(ask: (turn: number) => Promise<unknown>): Promise<number> {
  await ask(0)
  const times: number[] = []
  const untilMs = performance.now() + QUESTION_MS
  for (let turn = 0; turn < TURNS && (turn === 0 || performance.now() < untilMs); turn++) {
    const startedMs = performance.now()
    await ask(turn)
    times.push(performance.now() - startedMs)
  }
  return quantile(times, 0.5)
}
