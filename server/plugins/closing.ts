/** Stops in order: live tails say goodbye, running requests finish, new ones are sent away with a code. */
import { setMaxListeners } from 'node:events'
import fp from 'fastify-plugin'
import { ClosingError } from '../errors.ts'

/** Connections that still hold out after this are cut. */
const GRACE_MS = 5000

declare module 'fastify' {
  interface FastifyInstance {
    /** Aborts when the hub begins to stop. */
    closing: AbortSignal
  }
}

export default fp(
  async (app) => {
    const controller = new AbortController()
    // Every live tail listens; each takes itself off at its end.
    setMaxListeners(0, controller.signal)
    app.decorate('closing', controller.signal)

    app.addHook('onRequest', async (_request, reply) => {
      if (!controller.signal.aborted) return
      reply.header('connection', 'close')
      throw new ClosingError()
    })
    app.addHook('preClose', async () => {
      controller.abort()
      setTimeout(() => app.server.closeAllConnections(), GRACE_MS).unref()
    })
  },
  { name: 'closing' }
)
