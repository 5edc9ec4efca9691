/**
 * Copies everything from one store into another that names records by their place, so that what was copied twice is there
 * once: it can be broken off anywhere and goes on where it was. Agents go on with the other store where they stood.
 */
import {
  type Batch,
  type Columns,
  type GenerationState,
  LEVELS,
  type LogRecord,
  type Origin,
  OUTPUTS
} from '../record.ts'
import { type Copied, copyShelf } from '../stats/copy.ts'
import type { Shelf } from '../stats/shelf.ts'
import type { StateStore } from './state.ts'
import { floorDivide } from './steps.ts'
import { cursorOf, type LogStore, type OriginSummary, type StreamKey } from './store.ts'

interface Side {
  logs: LogStore
  state: StateStore
  shelf: Shelf
}

export interface Migration {
  records: number
  /** Numbers of hosts and containers. */
  stats: Copied
  /** Parts of the old store that can't be read: their records are not in the new one. */
  unreadable: { part: string; reason: string }[]
  /** Where the numbers of records differ in the end. */
  differing: { origin: Origin; from: number; to: number }[]
}

export interface MigrationOptions {
  /** Names the old store: by it a later run knows what was copied. */
  name: string
  signal: AbortSignal
  /** Records copied so far, of how many. */
  told: (copied: number, total: number) => void
  /** How long the new store may take until it counts what was written. */
  settleMs?: number
}

const PAGE = 5000
const BOUNDS = { budgetMs: 600_000 }
const ALL_TIME = { from: -(1n << 62n), to: 1n << 62n }
const LOOK_MS = 500
const MARKS = 'migration/'

interface Mark {
  after?: string
  copied: number
}

/** Rejects with the signal's reason, or an error of either store. */
export async function migrate(from: Side, to: Side, options: MigrationOptions): Promise<Migration> {
  const { signal, told, settleMs = 30_000 } = options
  const summaries = await from.logs.origins()
  const total = summaries.reduce((sum, { count }) => sum + count, 0)
  await copyState(from.state, to.state)
  const stats = await copyShelf(from.shelf, to.shelf, signal)
  const generations = await generationsOf(from.logs, summaries)
  const unreadable = new Map<string, { part: string; reason: string }>()
  const mark = MARKS + options.name
  let { after, copied } = (await to.state.get<Mark>(mark)) ?? { after: undefined, copied: 0 }
  for (let more = true; more; ) {
    signal.throwIfAborted()
    const page = await from.logs.search(
      { where: { kind: 'all' }, ...ALL_TIME },
      { limit: PAGE, direction: 'newer', ...(after === undefined ? {} : { after }) },
      { ...BOUNDS, signal }
    )
    for (const one of page.coverage.unreadable) unreadable.set(one.part, one)
    await to.logs.append(batchesOf(page.records, generations))
    const last = page.records.at(-1)
    if (last) after = cursorOf(last)
    copied += page.records.length
    more = page.more && last !== undefined
    await to.state.put(mark, { ...(after === undefined ? {} : { after }), copied })
    told(copied, total)
  }
  await to.logs.append(positionsOf(summaries, generations))
  const differing = await difference(summaries, to.logs, { signal, settleMs })
  return { records: copied, stats, unreadable: [...unreadable.values()], differing }
}

/** What the new store has already stays. */
async function copyState(from: StateStore, to: StateStore): Promise<void> {
  for (const { key, value } of await from.list<unknown>(''))
    if (!key.startsWith(MARKS)) await to.update<unknown>(key, (old) => old ?? value)
}

/** Generations of each stream, by its key. */
type Generations = Map<string, GenerationState[]>

async function generationsOf(logs: LogStore, summaries: readonly OriginSummary[]): Promise<Generations> {
  const streams = new Map<string, StreamKey>()
  for (const { origin } of summaries) streams.set(keyOf(origin), origin)
  const states = await logs.positions([...streams.values()])
  return new Map([...streams.keys()].map((key, i) => [key, states[i] ?? []]))
}

function keyOf({ host, container, stream }: StreamKey): string {
  return JSON.stringify([host, container, stream])
}

/** The records of a page by origin and generation. Their positions follow once all are there. */
function batchesOf(records: readonly LogRecord[], generations: Generations): Batch[] {
  const groups = new Map<string, LogRecord[]>()
  for (const record of records) {
    const key = `${JSON.stringify(record.origin)} ${record.generation} ${record.receivedMs}`
    const group = groups.get(key)
    if (group) group.push(record)
    else groups.set(key, [record])
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (!first) return []
    const { origin, generation: number, receivedMs } = first
    const known = generations.get(keyOf(origin))?.find((state) => state.number === number)
    const state = {
      ...{ generation: known?.generation ?? `migrated-${number}`, number, file: known?.file ?? '' },
      ...{ committed: 0, stored: 0, ended: false }
    }
    return [{ origin, state, receivedMs, records: columnsOf(group) }]
  })
}

function columnsOf(records: readonly LogRecord[]): Columns {
  const texts = records.map(({ text }) => Buffer.from(text))
  const count = records.length
  const textEnd = new Uint32Array(count)
  let end = 0
  for (const [row, { length }] of texts.entries()) textEnd[row] = end += length
  const ms = records.map(({ time }) => floorDivide(time, 1_000_000n))
  return {
    count,
    timeMs: Float64Array.from(ms, Number),
    nanos: Uint32Array.from(records, ({ time }, row) => Number(time - (ms[row] ?? 0n) * 1_000_000n)),
    offset: Float64Array.from(records, ({ offset }) => offset),
    // Records do not say where they end; what matters is that it is behind their beginning.
    end: Float64Array.from(records, ({ offset }, row) => offset + (texts[row]?.length ?? 0) + 1),
    level: Uint8Array.from(records, ({ level }) => LEVELS.indexOf(level)),
    output: Uint8Array.from(records, ({ output }) => OUTPUTS.indexOf(output)),
    flags: Uint8Array.from(records, ({ flags }) => flags),
    textEnd,
    text: Buffer.concat(texts)
  }
}

/** Where each generation stands. */
function positionsOf(summaries: readonly OriginSummary[], generations: Generations): Batch[] {
  const origins = new Map(summaries.map(({ origin }) => [keyOf(origin), origin]))
  return [...generations].flatMap(([key, states]) => {
    const origin = origins.get(key)
    if (!origin) return []
    return states.map((state) => ({ origin, state, receivedMs: 0, records: columnsOf([]) }))
  })
}

async function difference(
  summaries: readonly OriginSummary[],
  logs: LogStore,
  { signal, settleMs }: { signal: AbortSignal; settleMs: number }
): Promise<Migration['differing']> {
  const endsMs = performance.now() + settleMs
  for (;;) {
    const there = new Map((await logs.origins()).map(({ origin, count }) => [JSON.stringify(origin), count]))
    const differing = summaries.flatMap(({ origin, count: from }) => {
      const to = there.get(JSON.stringify(origin)) ?? 0
      return to === from ? [] : [{ origin, from, to }]
    })
    if (differing.length === 0 || performance.now() > endsMs) return differing
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    signal.throwIfAborted()
  }
}
