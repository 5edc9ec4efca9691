/** The live tail: lines as they arrive, moves and instances as they change, and a beat. */
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { LogStore } from '../../collector/store/store.ts'
import { ErrorJson } from '../api/error.ts'
import { TailQuery } from '../api/logs.ts'
import type { Deploys } from '../deploys/deploys.ts'
import { TailLimitError } from '../errors.ts'
import type { FleetChange, FleetView } from '../fleet-view.ts'
import { goneSignal } from '../gone.ts'
import { filterOf } from '../question.ts'
import { EventStream } from '../sse.ts'
import { Tail } from '../tail.ts'
import { formatMs } from '../times.ts'
import { whileWelcome } from '../welcome.ts'

const BEAT_MS = 10_000
/** A client that takes nothing for so long is cut off; it may come back with its last id. */
const STUCK_MS = 120_000

interface TailOptions {
  logs: LogStore
  fleet: Pick<FleetView, 'changes' | 'delivery'>
  /** Absent where nothing is deployed from here. */
  deploys?: Pick<Deploys, 'changes'>
  /** Tails that are served at the same time. */
  limit: number
  /** The tails that are open now. */
  open: Set<Tail>
  nowMs: () => number
  beatMs?: number
  stuckMs?: number
}

const routes: FastifyPluginAsyncTypebox<TailOptions> = async (app, options) => {
  const { logs, fleet, deploys, limit, open, nowMs, beatMs = BEAT_MS, stuckMs = STUCK_MS } = options

  app.get(
    '/tail',
    {
      config: { demand: 'read', streams: true },
      exposeHeadRoute: false,
      schema: {
        summary: 'Follows an app (or any query) as server-sent events',
        tags: ['logs'],
        querystring: TailQuery,
        headers: Type.Object({ 'last-event-id': Type.Optional(Type.String({ maxLength: 128 })) }),
        response: {
          200: {
            description: 'Events: records, move, instance, deploy, gap, skipped, reset, beat, end',
            content: { 'text/event-stream': { schema: Type.String() } }
          },
          '4xx': ErrorJson
        }
      }
    },
    async (request, reply) => {
      const { where } = filterOf(request.query)
      const after = request.headers['last-event-id'] || request.query.after
      if (open.size >= limit) throw new TailLimitError(limit)

      const gone = goneSignal(reply)
      const stream = new EventStream(reply)
      const tail = new Tail(stream, () => ({ hubTime: formatMs(nowMs()), hosts: fleet.delivery() }))
      // Not AbortSignal.any(): Node 20 keeps what depends on a signal that lives long.
      const over = new AbortController()
      const { signal } = over
      const stop = () => over.abort()
      gone.addEventListener('abort', stop)
      app.closing.addEventListener('abort', stop)
      using welcome = whileWelcome(app, request.caller)
      welcome.signal.addEventListener('abort', stop)
      let stuckSinceMs: number | undefined
      const timer = setInterval(() => {
        if (!stream.blocked) {
          stuckSinceMs = undefined
          return tail.beat()
        }
        stuckSinceMs ??= performance.now()
        if (performance.now() - stuckSinceMs >= stuckMs) stream.destroy()
      }, beatMs)
      open.add(tail)
      const arrivals = logs.follow({ where, ...(after ? { after } : {}) }, signal)
      const jobs = [tail.run(arrivals, signal), sendChanges(fleet.changes(signal), tail, request.query)]
      if (deploys) jobs.push(sendDeploys(deploys.changes(signal), tail, request.query))
      // Where one ends the other ends with it.
      const ends = await Promise.allSettled(jobs.map((job) => job.finally(stop)))
      app.closing.removeEventListener('abort', stop)
      open.delete(tail)
      clearInterval(timer)
      const fault = ends.filter((end) => end.status === 'rejected').find((end) => !isAbort(end.reason))
      if (fault) request.log.error({ err: fault.reason }, 'live tail failed')
      const { aborted: isUnwelcome } = welcome.signal
      tail.send('end', { reason: app.closing.aborted ? 'closing' : isUnwelcome ? 'login' : 'failed' })
      stream.end()
    }
  )
}

export default routes

/** Changes of the app that is followed; without one, of all. */
async function sendChanges(
  changes: AsyncIterable<FleetChange>,
  tail: Tail,
  asked: { app?: string; environment?: string }
): Promise<void> {
  for await (const { event, data } of changes) {
    const isAsked = same(asked.app, data.app) && same(asked.environment, data.environment)
    if (isAsked) tail.send(event, data)
  }
}

/** Deploys of what is followed, as often as they stand otherwise. */
async function sendDeploys(
  changes: ReturnType<Deploys['changes']>,
  tail: Tail,
  asked: { app?: string; environment?: string }
): Promise<void> {
  const told = new Map<string, string>()
  for await (const { deploy } of changes) {
    const { id, state, startedMs } = deploy
    const standing = `${state} ${startedMs}`
    if (!same(asked.app, deploy.app) || !same(asked.environment, deploy.environment)) continue
    if (told.get(id) === standing) continue
    told.set(id, standing)
    tail.send('deploy', deploy)
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

function same(asked: string | undefined, value: string): boolean {
  return !asked || asked.toLowerCase() === value.toLowerCase()
}
