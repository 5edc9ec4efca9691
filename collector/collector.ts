/** What agents call: POST /agent/v1/{enrol,hello,positions,deliver}. docs/protocol.md tells it in prose. */
import type { IncomingMessage } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyError, FastifyPluginAsync, FastifyRequest } from 'fastify'
import { Registry } from 'prom-client'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import {
  type Codec,
  DELIVERY_TYPE,
  Enrol,
  type Enrolled,
  Hello,
  type Positions,
  PositionsAsked,
  PROTOCOL,
  type Receipt,
  type Welcome
} from '../agent/protocol.ts'
import type { Access } from './access.ts'
import { readBody } from './body.ts'
import {
  JoinError,
  LengthError,
  MediaTypeError,
  OverloadedError,
  ProtocolError,
  TooLargeError
} from './errors.ts'
import { Failures } from './failures.ts'
import type { Fleet } from './fleet/fleet.ts'
import { hostKeyCheck } from './host-key.ts'
import { Intake, type Packed } from './intake.ts'
import { Lanes } from './lanes.ts'
import type { LogRates } from './log-rates.ts'
import { Meters } from './meters.ts'
import { gatherMs, InWork } from './pace.ts'
import { ParsePool } from './parse/pool.ts'
import type { RedactionConfig } from './parse/redact-rules.ts'
import { answerProblem } from './problem.ts'
import { HEARTBEAT_MS, Sessions } from './sessions.ts'
import { StatsArrivals } from './stats/arrivals.ts'
import type { StatsStore } from './stats/store.ts'
import type { StateStore } from './store/state.ts'
import type { LogStore } from './store/store.ts'
import { Streams } from './streams.ts'
import { Turns } from './turns.ts'

export interface CollectorOptions {
  store: LogStore
  fleet: Fleet
  /** Where several hubs may share it, they share the hosts. */
  state?: StateStore
  /** Where the numbers of hosts and containers go; absent: nowhere. */
  stats?: StatsStore
  /** Counts what instances write. */
  rates?: LogRates
  access: Access
  /** Counts wrong tokens and keys; shared with whoever else checks some. */
  failures?: Failures
  /** No join token is demanded: only this machine can reach the hub. */
  open: boolean
  /** Where the collector's metrics are registered. */
  registry?: Registry
  nowMs?: () => number
  /** Parse threads; absent: by the number of cores. */
  threads?: number
  /** Default: the built-in rules. */
  redaction?: RedactionConfig
  /** Threads that are shared with others, and left open at the end. */
  pool?: ParsePool
  limits?: Partial<CollectorLimits>
}

export interface CollectorLimits {
  /** The largest body of a delivery before compression. */
  maxDeliveryBytes: number
  /** Bytes of deliveries that may be in work at the same time; beyond it agents are asked to come again. */
  maxInWorkBytes: number
  /** The whole body of a delivery must have arrived by then. */
  bodyMs: number
}

const LIMITS: CollectorLimits = {
  maxDeliveryBytes: 2 * 1024 * 1024,
  maxInWorkBytes: 64 * 1024 * 1024,
  bodyMs: 30_000
}
/** Incompressible bytes grow a little when they are compressed. */
const COMPRESSION_SLACK_BYTES = 64 * 1024
/** A greeting does not take longer than this on its way. */
const SLOW_GREETING_MS = 10_000
const HELLO_BYTES = 256 * 1024
const POSITIONS_BYTES = 4 * 1024 * 1024
/** Hosts that fell silent are looked for this often. */
const IDLE_MS = 500
/** What waits for its continuation is looked for this often. */
const WAITING_MS = 100
/** A host that was not heard for this long costs no memory any more. */
const FORGOTTEN_MS = 10 * 60_000

export const collector: FastifyPluginAsync<CollectorOptions> = async (plain, options) => {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>()
  const { store, fleet, access, nowMs = Date.now } = options
  const failures = options.failures ?? new Failures(nowMs)
  const limits = { ...LIMITS, ...options.limits }
  const log = app.log as IntakeLog
  const { state } = options
  const turns =
    state?.shared &&
    new Turns({
      ...{ state, shared: state.shared },
      taken: async (host, term) => {
        intake.abandon(host)
        await fleet.takeTurn(host, term)
      }
    })
  const sessions = new Sessions({ turns, heardMs: (host) => fleet.host(host)?.seenMs })
  const streams = new Streams(store)
  const inWork = new InWork(limits.maxInWorkBytes)
  const pool =
    options.pool ??
    (await ParsePool.open({
      nowMs,
      ...(options.threads !== undefined && { threads: options.threads }),
      ...(options.redaction && { redaction: options.redaction })
    }))
  const registry = options.registry ?? new Registry()
  const meters = new Meters(registry, {
    in_work_bytes: { help: 'Bytes of deliveries in work', value: () => inWork.bytes },
    parse_pending: { help: 'Requests that wait for a parse thread', value: () => pool.pending },
    live_agents: { help: 'Agents heard in the last 15 s', value: () => sessions.live(nowMs()) }
  })
  const forgetLost = pool.onLost((err, isOf) => {
    meters.threadLost()
    streams.rewindAll(isOf)
    log.warn({ err }, 'a parse thread ended and was replaced, agents send again')
  })
  fleet.ledger.recall(await store.origins())
  const lanes = new Lanes()
  const stats = options.stats && new StatsArrivals(options.stats, fleet, log, registry)
  const { rates } = options
  const intake = new Intake({ store, fleet, stats, rates, pool, streams, lanes, meters, log, nowMs, turns })
  const pace = () =>
    gatherMs({
      liveAgents: sessions.live(nowMs()),
      inWorkBytes: inWork.bytes,
      maxInWorkBytes: inWork.maxBytes
    })
  const heard = async (host: string, session: string) => {
    await sessions.heard(host, session, nowMs())
    fleet.heard(host)
  }

  const idle = setInterval(() => {
    for (const host of sessions.endSilent(nowMs() - FORGOTTEN_MS))
      void lanes.run(host, async () => streams.forget(host))
  }, IDLE_MS)
  idle.unref()
  const waiting = setInterval(() => {
    intake
      .flushIdle(pace())
      .catch((err) => log.warn({ err }, 'records without end could not be stored, will try again'))
  }, WAITING_MS)
  waiting.unref()
  app.addHook('onClose', async () => {
    clearInterval(idle)
    clearInterval(waiting)
    await lanes.idle()
    await intake
      .close()
      .catch((err) => log.warn({ err }, 'events that were open could not be stored, agents send them again'))
    forgetLost()
    if (!options.pool) await pool[Symbol.asyncDispose]()
  })

  const knowHost = hostKeyCheck(access, failures)
  app.decorateRequest('agentHost', '')
  app.setValidatorCompiler(({ schema }) => checkOf(schema as TSchema))
  app.setErrorHandler((error: FastifyError, request, reply) => {
    meters.refused(answerProblem(error, request, reply))
  })
  app.addContentTypeParser(DELIVERY_TYPE, (request: FastifyRequest, payload: IncomingMessage) =>
    unpack(request, payload)
  )

  app.post(
    '/agent/v1/enrol',
    {
      config: { demand: 'self' },
      schema: { tags: ['agents'], body: Enrol },
      bodyLimit: HELLO_BYTES,
      preValidation: protocolFits
    },
    async (request): Promise<Enrolled> => {
      const { join, facts, version } = request.body
      if (!options.open) {
        const known = join === undefined ? undefined : (access.check(join) ?? (await access.learn(join)))
        if (join !== undefined && !known) throw failures.refuse('join', request.ip, new JoinError())
        if (!known?.scopes.includes('agent') && !known?.scopes.includes('admin')) throw new JoinError()
      }
      const { host } = await fleet.enrol(facts, version)
      const key = await access.issueHostKey(host)
      log.info({ host, name: facts.name, address: request.ip }, 'a host has joined')
      return { host, key }
    }
  )

  app.post(
    '/agent/v1/hello',
    {
      config: { demand: 'self' },
      schema: { tags: ['agents'], body: Hello },
      bodyLimit: HELLO_BYTES,
      onRequest: knowHost,
      preValidation: protocolFits
    },
    async (request, reply): Promise<Welcome> => {
      const { facts, place, version, codecs, clockMs } = request.body
      const { agentHost: host, ip: address } = request
      const hubMs = nowMs()
      const codec = codecs.find((name) => pool.codecs.includes(name)) ?? 'identity'
      const session = await lanes.run(host, async () => {
        const begun = await sessions.begin({ host, hostName: facts.name, place, address }, hubMs)
        fleet.hello(host, { facts, agentVersion: version, clockOffsetMs: roughly(clockMs - hubMs) })
        await fleet.saved()
        return begun
      })
      log.info({ host, name: facts.name, address, codec, version }, 'an agent said hello')
      return {
        session: session.id,
        host,
        codec,
        hubMs: nowMs(),
        tookMs: Math.floor(reply.elapsedTime),
        heartbeatMs: HEARTBEAT_MS,
        gatherMs: pace(),
        maxDeliveryBytes: limits.maxDeliveryBytes
      }
    }
  )

  app.post(
    '/agent/v1/positions',
    {
      config: { demand: 'self' },
      schema: { tags: ['agents'], body: PositionsAsked },
      bodyLimit: POSITIONS_BYTES,
      onRequest: knowHost
    },
    async (request): Promise<Positions> => {
      const { agentHost: host } = request
      const { session, streams: asked, containers = [] } = request.body
      return { positions: await intake.positions(host, asked, containers, () => heard(host, session)) }
    }
  )

  app.post(
    '/agent/v1/deliver',
    { config: { demand: 'self' }, schema: { tags: ['agents'] }, onRequest: knowHost },
    async (request, reply): Promise<Receipt> => {
      if (!(request.body instanceof Arrived)) throw new MediaTypeError(pool.codecs.join(', '))
      const { agentHost } = request
      using arrived = request.body
      const positions = await intake.deliver(agentHost, arrived.packed, (session) =>
        heard(agentHost, session)
      )
      return { positions, hubMs: nowMs(), tookMs: Math.floor(reply.elapsedTime), gatherMs: pace() }
    }
  )

  /** Refuses before a byte is read what is too large, of an unknown kind, or too much for now. */
  async function unpack(request: FastifyRequest, payload: IncomingMessage): Promise<Arrived> {
    const wire = lengthOf(request.headers['content-length'])
    const length = lengthOf(request.headers['driftlog-length'])
    if (wire === undefined || length === undefined) throw new LengthError()
    const largest = limits.maxDeliveryBytes
    if (length > largest || wire > largest + COMPRESSION_SLACK_BYTES) throw new TooLargeError(largest)
    const codec = (request.headers['content-encoding'] ?? 'identity') as Codec
    if (!pool.codecs.includes(codec)) throw new MediaTypeError(pool.codecs.join(', '))
    const release = inWork.take(wire + length)
    if (!release) throw new OverloadedError()
    try {
      const body = await readBody(payload, wire, limits.bodyMs)
      return new Arrived({ body, codec, length }, release)
    } catch (error) {
      release()
      throw error
    }
  }
}

/** A greeting may have been long under way: only what can't be that says something of the host's clock. */
function roughly(offsetMs: number): number {
  return Math.abs(offsetMs) < SLOW_GREETING_MS ? 0 : Math.round(offsetMs)
}

type IntakeLog = ConstructorParameters<typeof Intake>[0]['log']

/** A body in memory, counted as in work until it is disposed of. */
class Arrived implements Disposable {
  readonly packed: Packed
  readonly #release: () => void

  constructor(packed: Packed, release: () => void) {
    this.packed = packed
    this.#release = release
  }

  [Symbol.dispose](): void {
    this.#release()
  }
}

/** A newer protocol may have other fields, so its number is looked at before anything else. */
async function protocolFits(request: FastifyRequest): Promise<void> {
  const { body } = request
  const spoken = typeof body === 'object' && body !== null && 'protocol' in body ? body.protocol : undefined
  if (spoken === PROTOCOL || !Number.isInteger(spoken)) return
  const side = (spoken as number) > PROTOCOL ? 'Update the hub' : 'Update the agent'
  throw new ProtocolError(`The agent speaks protocol ${spoken}, the hub speaks ${PROTOCOL}. ${side}.`)
}

function checkOf(schema: TSchema) {
  const check = Compile(schema)
  return (value: unknown) => {
    if (check.Check(value)) return { value }
    const [first] = check.Errors(value)
    return {
      error: new Error(`body${first?.instancePath ?? ''} ${first?.message ?? 'is not as it must be'}`)
    }
  }
}

/** A whole number of bytes. */
function lengthOf(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined
}
