/** What agents call for orders: POST /agent/v1/orders waits until there is something to do. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type OrdersAsked, OrdersGiven, OrdersAsked as Schema } from '../../agent/protocol-orders.ts'
import type { Access } from '../../collector/access.ts'
import type { Failures } from '../../collector/failures.ts'
import { hostKeyCheck } from '../../collector/host-key.ts'
import type { OrderBook } from '../deploys/order-book.ts'
import { goneSignal } from '../gone.ts'

export interface OrdersOptions {
  access: Pick<Access, 'check' | 'learn'>
  failures: Failures
  book: Pick<OrderBook, 'tell' | 'give' | 'change'>
  nowMs: () => number
}

/** Reports of a long silence. */
const BODY_BYTES = 5 * 1024 * 1024
/** What was told in the answer before is told again after so long, and not at once: an agent may take its time over it. */
const TOLD_AGAIN_MS = 2000

const routes: FastifyPluginAsyncTypebox<OrdersOptions> = async (app, { access, failures, book, nowMs }) => {
  /** By host: what the last answer said, and how many answers in a row have said it. */
  const told = new Map<string, Map<string, number>>()
  /** By host: ends the request that waits. An agent has one; where there is another, its agent was started anew. */
  const waiting = new Map<string, () => void>()
  app.decorateRequest('agentHost', '')

  app.post(
    '/agent/v1/orders',
    {
      config: { demand: 'self', streams: true },
      schema: { tags: ['agents'], body: Schema, response: { 200: OrdersGiven } },
      bodyLimit: BODY_BYTES,
      onRequest: hostKeyCheck(access, failures)
    },
    async (request, reply): Promise<OrdersGiven> => {
      const { agentHost: host, body } = request
      // Orders are given to who waits for them: those that only report may be overtaken.
      if (body.waitMs === 0) return book.tell(host, body)
      const over = new AbortController()
      const stop = () => over.abort()
      waiting.get(host)?.()
      waiting.set(host, stop)
      goneSignal(reply).addEventListener('abort', stop)
      app.closing.addEventListener('abort', stop)
      const timer = setTimeout(stop, body.waitMs)
      timer.unref()
      try {
        const given = await wait(host, body, over.signal)
        const before = told.get(host)
        const now = saidIn(given).map((said): [string, number] => [said, (before?.get(said) ?? 0) + 1])
        if (waiting.get(host) === stop) told.set(host, new Map(now))
        return given
      } finally {
        if (waiting.get(host) === stop) waiting.delete(host)
        clearTimeout(timer)
        app.closing.removeEventListener('abort', stop)
      }
    }
  )

  async function wait(host: string, asked: OrdersAsked, signal: AbortSignal): Promise<OrdersGiven> {
    const [beganMs, askedMs] = [performance.now(), nowMs()]
    const hasReports = asked.reports.length > 0
    for (let reports = asked.reports; ; reports = []) {
      // From before it is looked, so that what changes meanwhile is not missed.
      using change = listen(host, signal)
      const answer = await book.tell(host, { held: asked.held, reports })
      // Nobody takes the answer of a request that is over.
      const orders = signal.aborted ? [] : await book.give(host, asked.held, askedMs)
      const given = { ...answer, orders }
      const said = saidIn(given)
      const isNews = said.some((one) => (told.get(host)?.get(one) ?? 0) < atOnce(one))
      const isDue = said.length > 0 && performance.now() - beganMs >= TOLD_AGAIN_MS
      if (hasReports || isNews || isDue || signal.aborted) return given
      await change.within(said.length > 0 ? TOLD_AGAIN_MS : undefined)
    }
  }

  function listen(host: string, signal: AbortSignal) {
    const over = new AbortController()
    const stop = () => over.abort()
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    const change = book.change(host, over.signal)
    let timer: NodeJS.Timeout | undefined
    return {
      within(ms: number | undefined) {
        if (ms !== undefined) timer = setTimeout(stop, ms)
        return change
      },
      [Symbol.dispose]() {
        clearTimeout(timer)
        signal.removeEventListener('abort', stop)
        stop()
      }
    }
  }
}

export default routes

/** So often it is said without waiting. What was given and is not held when the agent asks anew has not reached it. */
function atOnce(said: string): number {
  return said.startsWith('given') ? 2 : 1
}

function saidIn({ orders, withdrawn, ended }: OrdersGiven): string[] {
  return [
    ...orders.map(({ id }) => `given ${id}`),
    ...withdrawn.map((id) => `withdrawn ${id}`),
    ...ended.map((id) => `ended ${id}`)
  ]
}
