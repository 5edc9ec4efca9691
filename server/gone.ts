import type { FastifyReply } from 'fastify'

/** Aborts when the client goes away before its answer is complete, so that nobody searches for nobody. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort()
  })
  return controller.signal
}
