/** Login and logout of the page: a token is exchanged for a cookie. */
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Access } from '../../collector/access.ts'
import type { Failures } from '../../collector/failures.ts'
import { LoginBody, SessionAnswer } from '../api/access.ts'
import { ErrorJson } from '../api/error.ts'
import { clearedCookie, cookieOf, setCookie } from '../cookie.ts'
import { LoginNeedlessError, ScopeError, TokenUnknownError } from '../errors.ts'
import type { Logins } from '../logins.ts'
import { opens, refuseOtherSites } from '../plugins/auth.ts'
import { formatMs } from '../times.ts'

/** A token, and nothing else. */
const BODY_LIMIT_BYTES = 2048

interface SessionOptions {
  access: Pick<Access, 'check' | 'learn'>
  logins: Logins
  failures: Failures
  open: boolean
  publicOrigin?: string
  secure: boolean
  nowMs: () => number
}

const routes: FastifyPluginAsyncTypebox<SessionOptions> = async (app, options) => {
  const { access, logins, failures, open, publicOrigin, secure, nowMs } = options
  const cookie = { name: logins.cookie, secure }

  app.post(
    '/session',
    {
      config: { demand: 'self' },
      bodyLimit: BODY_LIMIT_BYTES,
      schema: {
        summary: 'Logs in: exchanges a token for a cookie',
        tags: ['access'],
        body: LoginBody,
        response: { 200: SessionAnswer, '4xx': ErrorJson }
      }
    },
    async (request, reply) => {
      if (open) throw new LoginNeedlessError()
      // Nobody shall be logged in by another site as somebody else.
      refuseOtherSites(request, publicOrigin)
      const { token } = request.body
      const known = access.check(token) ?? (await access.learn(token))
      if (!known) throw failures.refuse('login', request.ip, new TokenUnknownError())
      const { id, name = '', scopes } = known
      if (id === undefined || !scopes.some((scope) => opens(scope, 'read'))) throw new ScopeError('read')
      const before = cookieOf(request, cookie)
      if (before !== undefined) await logins.end(before)
      const { secret, expiresMs } = await logins.begin({ ...known, id })
      request.log.info({ id, name, address: request.ip }, 'a reader has logged in')
      reply.header('set-cookie', setCookie(cookie, secret, expiresMs - nowMs()))
      return { name, scopes: [...scopes], expires: formatMs(expiresMs) }
    }
  )

  app.delete(
    '/session',
    {
      config: { demand: 'self' },
      schema: {
        summary: 'Logs out',
        tags: ['access'],
        response: { 204: Type.Null({ description: 'Logged out' }), '4xx': ErrorJson }
      }
    },
    async (request, reply) => {
      refuseOtherSites(request, publicOrigin)
      const secret = cookieOf(request, cookie)
      if (secret !== undefined) await logins.end(secret)
      return reply.header('set-cookie', clearedCookie(cookie)).code(204).send(null)
    }
  )
}

export default routes
