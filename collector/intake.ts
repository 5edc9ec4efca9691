/** Takes deliveries: what is in them goes into the store as one step, or nothing of it does. */
import type { Logger } from 'pino'
import type { Codec, Position, StreamName } from '../agent/protocol.ts'
import { advance, batchOf, withTerm } from './batches.ts'
import { StreamError } from './errors.ts'
import type { Fleet } from './fleet/fleet.ts'
import { type Handling, handlingOf, type Labels } from './handling.ts'
import type { Lanes } from './lanes.ts'
import { noteArrived, unreadOf } from './ledger/deliveries.ts'
import type { LogRates } from './log-rates.ts'
import type { Meters } from './meters.ts'
import { GATHER_MS } from './pace.ts'
import type { ChunkAsked, Flushed, ParseAnswer, Parsed, ParsePool } from './parse/pool.ts'
import type { Batch, Origin } from './record.ts'
import { refusal, storeRefusal } from './refusals.ts'
import type { StatsArrivals } from './stats/arrivals.ts'
import { originsOf, planned, type Step } from './steps.ts'
import { type LogStore, StaleTermError } from './store/store.ts'
import { type Generation, positionOf, type Streams, streamKey } from './streams.ts'
import type { Turns } from './turns.ts'

export interface IntakeParts {
  store: LogStore
  fleet: Fleet
  stats?: StatsArrivals | undefined
  rates?: LogRates | undefined
  pool: ParsePool
  streams: Streams
  lanes: Lanes
  meters: Meters
  log: Logger
  nowMs: () => number
  /** Where several hubs share the hosts. */
  turns?: Turns | undefined
}

const NO_LABELS: Labels = {}
/** The kinds of streams that can be read; see StreamName. */
const STREAM = /^(docker$|file:.)/

/** A delivery as it came over the wire. */
export interface Packed {
  body: ArrayBuffer
  codec: Codec
  /** Bytes before compression. */
  length: number
}

/** Rejects where the session is not the host's current one. */
export type Admit = (session: string) => Promise<void>

export class Intake {
  readonly #parts: IntakeParts
  /** By the labels as the agent told them last. */
  readonly #handlings = new WeakMap<Labels, Handling>()

  constructor(parts: IntakeParts) {
    this.#parts = parts
  }

  /** Where these streams stand, and all that are known of these containers. */
  positions(
    host: string,
    named: readonly StreamName[],
    containers: readonly string[],
    admit: () => Promise<void>
  ): Promise<Position[]> {
    const { lanes, fleet, streams } = this.#parts
    return lanes.run(host, async () => {
      await admit()
      const whole = new Set(containers)
      const names = named.filter(({ container }) => !whole.has(container))
      for (const container of whole) {
        const known = fleet.instance(host, container)?.streams ?? []
        names.push(...known.map((stream) => ({ container, stream })))
      }
      await streams.load(host, names)
      return streams.positions(host, names)
    })
  }

  /**
   * Resolves to where the delivery's generations stand once all of it is durable. Rejects with a coded error, nothing
   * then was taken.
   */
  deliver(host: string, packed: Packed, admit: Admit): Promise<Position[]> {
    return this.#parts.lanes.run(host, () => this.#deliver(host, packed, admit))
  }

  /** Gives out what has waited too long for its continuation. Agents that gather for longer are given longer. */
  async flushIdle(gatherMs: number): Promise<void> {
    const { streams, nowMs } = this.#parts
    await this.#flush(streams.openUntil(nowMs() - Math.max(0, gatherMs - GATHER_MS)), 'idle')
  }

  /**
   * Gives out the events that may go on, before the hub goes: the next one may be of another version, and join lines
   * in another way.
   */
  async close(): Promise<void> {
    await this.#flush(this.#parts.streams.openUntil(Number.POSITIVE_INFINITY), 'events')
  }

  async #deliver(host: string, packed: Packed, admit: Admit): Promise<Position[]> {
    const { pool, fleet, stats, streams, store, meters } = this.#parts
    const startedMs = performance.now()
    const wireBytes = packed.body.byteLength
    const { id, head } = await pool.open(host, packed.body, packed.codec, packed.length).catch(refusal)
    let steps: Step[]
    try {
      await admit(head.session)
      for (const { stream } of head.chunks)
        if (!STREAM.test(stream)) throw new StreamError(stream.slice(0, 80))
      await streams.load(host, head.chunks)
      steps = planned(host, head, this.#parts)
      if (head.clockOffsetMs !== undefined) fleet.clock(host, head.clockOffsetMs)
      fleet.tell(host, head.events)
      if (head.present) {
        const unseen = fleet.present(host, head.present)
        fleet.ledger.assume(host, await unreadOf(host, unseen, streams, this.#parts.nowMs()))
      }
      fleet.ledger.lost(host, head.losses, fleet.aheadMs(host))
      meters.lost(head.losses)
    } catch (error) {
      pool.drop(host, id)
      throw error
    }
    const before = new Map(steps.map(({ generation: { key } }) => [key, streams.find(key)]))
    const term = this.#parts.turns?.termOf(host)
    try {
      const origins = originsOf(host, head, fleet)
      const measured = stats?.take(host, head)
      // A stream's number is part of its records' ids: known for good before the first of them is.
      await fleet.saved()
      fleet.demandTurn(host)
      const asked = steps.map((step) => this.#withManner(host, step))
      const answer = await pool.parse(host, id, asked).catch(refusal)
      const batches = this.#batches(host, steps, answer.chunks, origins)
      if (noteArrived(fleet.ledger, steps, answer.chunks)) {
        await fleet.saved()
        fleet.demandTurn(host)
      }
      if (batches.length > 0) await store.append(withTerm(batches, term))
      await measured
      for (const { generation } of steps) streams.keep(generation)
      meters.parsed(answer.counts, batches)
      this.#parts.rates?.count(batches)
      meters.delivered(packed.length, wireBytes, (performance.now() - startedMs) / 1000)
      fleet.heard(host, head.behindBytes)
      this.#relieve(answer)
    } catch (error) {
      pool.drop(host, id)
      this.#giveUp(host, before, error)
      throw storeRefusal(error)
    }
    const touched = new Map(steps.map(({ generation }) => [generation.key, generation]))
    return [...touched.values()].map(positionOf)
  }

  /** The chunk with what its name and the labels of its container say of how it is read. */
  #withManner(host: string, { asked, generation }: Step): ChunkAsked {
    const { fleet } = this.#parts
    const labels = this.#labelsOf(generation)
    const handling = this.#handlings.get(labels) ?? handlingOf(labels)
    this.#handlings.set(labels, handling)
    const format = generation.stream.startsWith('file:') ? 'text' : 'docker'
    return { ...asked, format, handling, aheadMs: fleet.aheadMs(host) }
  }

  #labelsOf({ host, container }: Generation): Labels {
    return this.#parts.fleet.instance(host, container)?.facts.labels ?? NO_LABELS
  }

  /** Writes into the steps' generations where the parser stands now. */
  #batches(
    host: string,
    steps: readonly Step[],
    parsed: readonly Parsed[],
    origins: Map<string, Origin>
  ): Batch[] {
    const nowMs = this.#parts.nowMs()
    const aheadMs = this.#parts.fleet.aheadMs(host)
    const batches: Batch[] = []
    for (const [i, { generation, known, asked }] of steps.entries()) {
      const result = parsed[i]
      const origin = origins.get(streamKey(generation))
      if (!result || !origin) throw new Error('the parser left a chunk out')
      advance(generation, result, nowMs)
      generation.origin = origin
      const news =
        !known || asked.last || result.records.count > 0 || generation.committed !== asked.committed
      if (news)
        batches.push(
          batchOf(generation, result, {
            origin,
            labels: this.#labelsOf(generation),
            receivedMs: nowMs,
            aheadMs
          })
        )
    }
    return batches
  }

  /** Where a thread holds too much, what waited longest is given out, cut. */
  #relieve({ held, oldest }: ParseAnswer): void {
    this.#parts.meters.held(held)
    if (oldest.length === 0) return
    const { log } = this.#parts
    log.warn({ held, generations: oldest.length }, 'unfinished records hold too much memory, oldest are cut')
    this.#flush(this.#known(oldest), 'cut').catch((err) =>
      log.warn({ err }, 'unfinished records could not be given out')
    )
  }

  #known(keys: readonly string[]): Generation[] {
    return keys.flatMap((key) => this.#parts.streams.find(key) ?? [])
  }

  async #flush(generations: readonly Generation[], what: Flushed): Promise<void> {
    const byHost = new Map<string, string[]>()
    for (const { host, key } of generations) byHost.set(host, [...(byHost.get(host) ?? []), key])
    await Promise.all([...byHost].map(([host, own]) => this.#flushHost(host, own, what)))
  }

  #flushHost(host: string, keys: readonly string[], what: Flushed): Promise<void> {
    const { lanes, pool, streams, store, fleet, meters, nowMs, turns } = this.#parts
    return lanes.run(host, async () => {
      if (turns && !(await turns.isMine(host))) return this.abandon(host)
      const aheadMs = fleet.aheadMs(host)
      const before = new Map(keys.map((key) => [key, streams.find(key)]))
      try {
        const { chunks, counts } = await pool.flush(host, [...keys], what).catch(refusal)
        const batches: Batch[] = []
        const moved: Generation[] = []
        for (const chunk of chunks) {
          const old = before.get(chunk.key)
          if (!old?.origin) continue
          const generation = { ...old }
          advance(generation, chunk, nowMs())
          moved.push(generation)
          const labels = this.#labelsOf(generation)
          batches.push(
            batchOf(generation, chunk, { origin: old.origin, labels, receivedMs: nowMs(), aheadMs })
          )
        }
        if (batches.length > 0) await store.append(withTerm(batches, turns?.termOf(host)))
        for (const generation of moved) streams.keep(generation)
        meters.parsed(counts, batches)
        this.#parts.rates?.count(batches)
      } catch (error) {
        this.#giveUp(host, before, error)
        throw storeRefusal(error)
      }
    })
  }

  /** Forgets all that is known and carried of a host's streams: another hub has it, or had it. */
  abandon(host: string): void {
    const { streams, pool } = this.#parts
    const keys = streams.abandon(host)
    if (keys.length > 0) pool.forget(host, keys)
  }

  /** Nothing was stored: what the parser carries is forgotten, the agent sends again from `committed`. */
  #giveUp(host: string, generations: Map<string, Generation | undefined>, error: unknown): void {
    const { pool, streams, turns } = this.#parts
    if (error instanceof StaleTermError) turns?.drop(host)
    pool.forget(host, [...generations.keys()])
    for (const generation of generations.values()) if (generation) streams.rewind(generation)
  }
}
