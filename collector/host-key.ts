/** Who calls the agents' routes: a host, by the key that it got when it enrolled. */
import type { FastifyRequest } from 'fastify'
import type { Access } from './access.ts'
import { KeyError } from './errors.ts'
import type { Failures } from './failures.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The host whose key the request carries. */
    agentHost: string
  }
}

/** A hook that lets hosts through, and says which one it is. */
export function hostKeyCheck(
  access: Pick<Access, 'check' | 'learn'>,
  failures: Failures
): (request: FastifyRequest) => Promise<void> {
  return async (request) => {
    const [, token] = /^Bearer (\S{1,512})$/i.exec(request.headers.authorization ?? '') ?? []
    if (token === undefined) throw new KeyError()
    const known = access.check(token) ?? (await access.learn(token))
    if (!known) throw failures.refuse('key', request.ip, new KeyError())
    // A token of a person is no guess at a key.
    if (known.host === undefined) throw new KeyError()
    request.agentHost = known.host
  }
}
