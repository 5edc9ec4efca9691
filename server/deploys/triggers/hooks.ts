/** A product calls: who is it, what does it tell, did it come before, which rule is for it, and the deploy is begun. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Logger } from 'pino'
import type { Failures } from '../../../collector/failures.ts'
import type { StateStore } from '../../../collector/store/state.ts'
import type { Beginner } from '../begin.ts'
import { HookBusyError, HookFailedError, HookReplayedError, HookSecretError } from '../errors.ts'
import type { Deliveries } from './deliveries.ts'
import { plain, type Told } from './event.ts'
import { readGeneric } from './generic.ts'
import { readGithub } from './github.ts'
import { readGitlab } from './gitlab.ts'
import { idOf, keysOf } from './identity.ts'
import { readJenkins } from './jenkins.ts'
import { orderOf } from './order.ts'
import { isProven, proofOf } from './proof.ts'
import { type Call, parseBody, readBytes } from './reading.ts'
import { readDockerhub, readHarbor, readRegistry } from './registry.ts'
import { decide } from './rules.ts'
import type { Key, SeenDeliveries } from './seen.ts'
import type { CallerKind, DeliveryJson } from './trigger.ts'
import type { KeptTrigger, Triggers } from './triggers.ts'
import { hold } from './waiting.ts'

export interface HooksOptions {
  state: StateStore
  triggers: Pick<Triggers, 'get' | 'secretOf'>
  deliveries: Deliveries
  seen: SeenDeliveries
  deploys: Beginner
  failures: Failures
  log: Pick<Logger, 'info' | 'warn'>
  nowMs: () => number
  /** Milliseconds in which a body must arrive. */
  bodyMs?: number
}

/** One request as it came. */
export interface Arrived {
  trigger: string
  headers: IncomingHttpHeaders
  /** `?token=` of the address. */
  token?: string
  address: string
  payload: Readable
}

const READERS: Record<CallerKind, (call: Call) => Told[]> = {
  github: readGithub,
  gitlab: readGitlab,
  jenkins: readJenkins,
  registry: readRegistry,
  harbor: readHarbor,
  dockerhub: readDockerhub,
  generic: readGeneric
}
const MOST_BYTES = 1024 * 1024
const BODY_MS = 10_000
/** Bodies that are in memory at a time, of all and of one address. */
const MOST_AT_ONCE = 64
const MOST_OF_ADDRESS = 32
/** Of what is said of an event, in characters. */
const LONGEST_TEXT = 500
const LONGEST_ID = 200
const EMPTY = Buffer.alloc(0)
/** What no deploy can be made of is written down at most once in so long; a registry tells of every layer. */
const IDLE_EVERY_MS = 1000

export class Hooks {
  readonly #options: HooksOptions
  readonly #reading = new Map<string, number>()
  readonly #idleMs = new Map<string, number>()

  constructor(options: HooksOptions) {
    this.#options = options
  }

  /** Resolves when it is written down what became of it; deploys go on. Throws coded refusals. */
  async take(arrived: Arrived): Promise<DeliveryJson[]> {
    const { trigger, body } = await this.#proven(arrived)
    const { headers } = arrived
    const { kind } = trigger
    const parsed = parseBody(body, String(headers['content-type'] ?? ''))
    const decided: DeliveryJson[] = []
    let replayedMs: number | undefined
    for (const told of READERS[kind]({ headers, body: parsed })) {
      const atMs = this.#options.nowMs()
      const id = idOf(kind, headers, told)
      const base = {
        atMs,
        ...(id === undefined ? {} : { id: plain(id, LONGEST_ID) }),
        event: plain(told.text, LONGEST_TEXT)
      }
      if (!('event' in told)) {
        decided.push(
          await this.#idle(trigger.name, { ...base, verdict: 'ignored', why: plain(told.why, LONGEST_TEXT) })
        )
        continue
      }
      const keys = keysOf(kind, headers, body, told)
      const claim = await this.#options.seen.claim(trigger.name, keys, atMs)
      if (claim.kind === 'before') {
        replayedMs = claim.sinceMs
        const why = `it came before, at ${timeOf(claim.sinceMs)}`
        decided.push(await this.#idle(trigger.name, { ...base, verdict: 'refused', why }))
        continue
      }
      decided.push(...(await this.#decide(trigger, told, base, keys, claim.sinceMs)))
    }
    // A registry sends until it hears a yes, and has other events in the same envelope.
    if (replayedMs !== undefined && decided.length === 1 && kind !== 'registry')
      throw new HookReplayedError(timeOf(replayedMs))
    return decided
  }

  async #decide(
    trigger: HookTrigger,
    told: Extract<Told, { event: unknown }>,
    base: Pick<DeliveryJson, 'atMs' | 'id' | 'event'>,
    keys: readonly Key[],
    sinceMs: number
  ): Promise<DeliveryJson[]> {
    const { state, deploys, deliveries, seen, log } = this.#options
    const by = { kind: 'hook' as const, name: trigger.name }
    const decided: DeliveryJson[] = []
    const [{ text: name } = { text: '' }] = keys
    for (const [index, decision] of decide(trigger.rules, told.event, told.text).entries()) {
      const key = `${name}/${sinceMs}/${index}`
      const outcome = await orderOf(decision, by, key, { deploys, log, mayWait: true })
      if (outcome.verdict === 'waiting' && decision.kind === 'deploy')
        Object.assign(
          outcome,
          await hold({ state, deliveries }, { ...base, trigger: trigger.name, decision, key })
        )
      const delivery: DeliveryJson = { ...base, ...outcome }
      await deliveries.add(trigger.name, delivery)
      log.info({ trigger: trigger.name, ...delivery }, 'a hook was decided')
      decided.push(delivery)
    }
    const failed = decided.find(({ verdict }) => verdict === 'failed')
    // What was begun by then stays, and is the same deploy when this is sent again.
    if (failed) await seen.release(trigger.name, keys)
    else await seen.close(trigger.name, keys)
    if (failed) throw new HookFailedError(failed.why ?? '')
    return decided
  }

  /** Nothing is read of whom brings no proof, and nothing of a token's body before it is the right one. */
  async #proven(arrived: Arrived): Promise<{ trigger: HookTrigger; body: Buffer }> {
    const { triggers, nowMs, bodyMs = BODY_MS } = this.#options
    const trigger = await triggers.get(arrived.trigger)
    if (!isHook(trigger)) throw this.#refuse(arrived)
    const proof = proofOf(trigger.kind, arrived.headers, arrived.token)
    const strange = (why: string) => this.#stranger(arrived, why)
    if (!proof) throw await strange('it brought no proof')
    const secret = triggers.secretOf(trigger)
    const isToken = proof.kind === 'token'
    if (isToken && !isProven(proof, secret, EMPTY, nowMs())) throw await strange('its secret is another one')
    const body = await this.#read(arrived, bodyMs)
    if (!isToken && !isProven(proof, secret, body, nowMs()))
      throw await strange('its signature is wrong, or too old')
    return { trigger, body }
  }

  async #read({ address, payload }: Arrived, withinMs: number): Promise<Buffer> {
    const own = this.#reading.get(address) ?? 0
    const all = [...this.#reading.values()].reduce((sum, count) => sum + count, 0)
    if (own >= MOST_OF_ADDRESS || all >= MOST_AT_ONCE) throw new HookBusyError()
    this.#reading.set(address, own + 1)
    try {
      return await readBytes(payload, MOST_BYTES, withinMs)
    } finally {
      const left = (this.#reading.get(address) ?? 1) - 1
      if (left > 0) this.#reading.set(address, left)
      else this.#reading.delete(address)
    }
  }

  async #stranger(arrived: Arrived, why: string): Promise<Error> {
    const { deliveries, nowMs } = this.#options
    const { trigger, address } = arrived
    await deliveries.stranger(trigger, { atMs: nowMs(), address, why })
    return this.#refuse(arrived)
  }

  #refuse({ address }: Arrived): Error {
    return this.#options.failures.refuse('hook', address, new HookSecretError())
  }

  async #idle(trigger: string, delivery: DeliveryJson): Promise<DeliveryJson> {
    const { deliveries } = this.#options
    const beforeMs = this.#idleMs.get(trigger) ?? Number.NEGATIVE_INFINITY
    if (delivery.atMs - beforeMs < IDLE_EVERY_MS) deliveries.counts[delivery.verdict]++
    else {
      this.#idleMs.set(trigger, delivery.atMs)
      await deliveries.add(trigger, delivery)
    }
    return delivery
  }
}

type HookTrigger = KeptTrigger & { kind: CallerKind }

function isHook(trigger: KeptTrigger | undefined): trigger is HookTrigger {
  return trigger !== undefined && trigger.kind !== 'schedule'
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
