/** A real Elasticsearch (test/services/elasticsearch) beside the embedded engine: the hub's CPU, and the same questions. */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import type { Batch } from '../../collector/record.ts'
import type { LogStore } from '../../collector/store/store.ts'
import { appends, take } from './batches.ts'
import { openElasticsearch, openEngine } from './built.ts'
import { quantile } from './process.ts'
import { middleOf, questions } from './questions.ts'
import { type Bench, bar, beside, type Row } from './row.ts'

const RECORDS = Number(process.env['BENCH_RECORDS'] ?? 500_000)
/** Of all hosts together: about 4,000 of each, which is what a delivery of 1 MiB holds. */
const PER_TURN = 80_000
const ROUND = 160_000
/** Deliveries of so many hosts are under way at the same time. */
const HOSTS = 4
/** The hub sends so many bulks at the same time. */
const BULKS = 2
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
  /** Share of the time in which the event loop had nothing to do, in percent. */
  idle: number
  /** For how long it was held, milliseconds: 99 times in 100 at most. */
  heldMs: number
  /** Share of the time in which bulks were under way, in percent: 100 where there were always as many as there may be. */
  underWay: number
  /** Stands in one record. */
  needle: string
}

async function ingest(store: LogStore, endMs: number, progress: Progress): Promise<Ingested> {
  const made = appends(RECORDS, { perAppend: PER_TURN, startMs: endMs - DAY_MS, spanMs: DAY_MS })
  let [wallMs, cpuMicros, done, activeMs] = [0, 0, 0, 0]
  const held = monitorEventLoopDelay({ resolution: 1 })
  while (done < RECORDS) {
    const round = take(made, ROUND)
    const cpu = process.cpuUsage()
    const loop = performance.eventLoopUtilization()
    const startedMs = performance.now()
    held.enable()
    const queue = round.flatMap(({ batches }) => [...byHost(batches)]).values()
    await Promise.all(
      Array.from({ length: HOSTS }, async () => {
        for (const batches of queue) await store.append(batches)
      })
    )
    wallMs += performance.now() - startedMs
    held.disable()
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
    heldMs: held.percentile(99) / 1e6,
    underWay: (100_000 * (store.health().figures['store_bulk_seconds_total'] ?? 0)) / wallMs / BULKS,
    needle: made.work.needles[0] ?? ''
  }
}

/** What each host delivers. */
function byHost(batches: readonly Batch[]): Iterable<Batch[]> {
  const hosts = new Map<string, Batch[]>()
  for (const batch of batches) {
    const own = hosts.get(batch.origin.host)
    if (own) own.push(batch)
    else hosts.set(batch.origin.host, [batch])
  }
  return hosts.values()
}

function written(ours: Ingested, theirs: Ingested): Row[] {
  const { perSecond, cpuSeconds, idle, heldMs, underWay } = ours
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
      what: 'into Elasticsearch: share of the time that both bulks are under way',
      value: underWay,
      unit: '%',
      bar: bar(underWay, 90, '%', false),
      cause:
        'between a bulk and the next one the hub has to come to its turn, on the cores that the cluster uses too.'
    },
    {
      what: "into Elasticsearch: share of the time that the hub's event loop is idle",
      value: idle,
      unit: '%'
    },
    { what: "into Elasticsearch: the hub's event loop is held for, p99", value: heldMs, unit: 'ms' }
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
