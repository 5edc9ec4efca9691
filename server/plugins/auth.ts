/**
 * Who may ask what. On loopback the hub is open, but not to web sites that a browser on this machine shows
 * (DNS rebinding, cross-site requests) nor to the world through a proxy. Everywhere else each route demands a
 * scope; a route that names none demands `admin`. Programs show a token, the page a cookie that it got for one
 * (routes/session.ts).
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Access, Bearer } from '../../collector/access.ts'
import type { Failures } from '../../collector/failures.ts'
import { clearedCookie, cookieOf } from '../cookie.ts'
import {
  CrossOriginError,
  HostHeaderError,
  LoginOverError,
  ProxyError,
  SameOriginError,
  ScopeError,
  TokenMissingError,
  TokenUnknownError
} from '../errors.ts'
import { isLoopback } from '../listen-config.ts'
import type { Logins } from '../logins.ts'

/** `anyone`: no token. `self`: the route checks the caller by itself (agents, with their own keys). */
export type Demand = 'anyone' | 'self' | 'read' | 'deploy' | 'agent' | 'admin'

/** An admin may read and deploy, who deploys may read; an agent's key opens the agent's routes alone. */
export function opens(scope: string, demand: Demand): boolean {
  if (scope === demand) return true
  if (scope === 'admin') return demand === 'read' || demand === 'deploy'
  return scope === 'deploy' && demand === 'read'
}

/** Who sent a request. */
export interface Caller {
  kind: 'anyone' | 'token' | 'login'
  /** Of the token. */
  id?: string
  name?: string
  /** Until when a login stands. */
  expiresMs?: number
  /** May do everything: an admin's token, or anyone on an open hub. */
  isAdmin: boolean
  /** May change what runs where. */
  mayDeploy: boolean
  /** False once the token was revoked, the login has ended, or either has expired. */
  isWelcome(): boolean
}

declare module 'fastify' {
  interface FastifyContextConfig {
    demand?: Demand
  }
  interface FastifyRequest {
    caller: Caller
  }
  interface FastifyInstance {
    /** Calls `listener` when callers may have become unwelcome, until the returned function is called. */
    onDeparture(listener: () => void): () => void
  }
}

interface AuthOptions {
  access: Pick<Access, 'check' | 'learn' | 'bearer' | 'onRevoked'>
  logins: Pick<Logins, 'cookie' | 'check' | 'learn' | 'onEnded'>
  failures: Failures
  /** No token is demanded. */
  open: boolean
  /** Under which browsers know the hub, where that is not what they send as Host. */
  publicOrigin?: string
  /** Browsers reach the hub by https. */
  secure: boolean
}

export default fp<AuthOptions>(
  async (app, { access, logins, failures, open, publicOrigin, secure }) => {
    const anyone: Caller = { kind: 'anyone', isAdmin: open, mayDeploy: open, isWelcome: () => true }
    const cookie = { name: logins.cookie, secure }
    app.decorateRequest('caller')
    app.decorate('onDeparture', (listener: () => void) => {
      const undo = [access.onRevoked(listener), logins.onEnded(listener)]
      return () => {
        for (const step of undo) step()
      }
    })

    app.addHook('onRequest', async (request, reply) => {
      request.caller = anyone
      if (open) {
        refuseOutsiders(request)
        return refuseOtherSites(request, publicOrigin)
      }
      const demand = request.is404 ? 'anyone' : (request.routeOptions.config.demand ?? 'admin')
      if (demand === 'anyone' || demand === 'self') return
      const known = await callerOf(request, reply, demand)
      const scopes: readonly string[] = known.scopes
      const isAdmin = scopes.includes('admin')
      const mayDeploy = scopes.some((scope) => opens(scope, 'deploy'))
      request.caller = { ...known.caller, isAdmin, mayDeploy }
      if (scopes.some((scope) => opens(scope, demand))) return
      throw new ScopeError(demand)
    })

    async function callerOf(request: FastifyRequest, reply: FastifyReply, demand: Demand) {
      const token = tokenOf(request)
      if (token !== undefined) {
        const known = access.check(token) ?? (await access.learn(token))
        if (!known) throw failures.refuse('api', request.ip, new TokenUnknownError())
        const { id, name } = known
        const isWelcome = () => id === undefined || access.bearer(id) !== undefined
        return knownAs({ kind: 'token', isWelcome }, known, id, name)
      }
      const secret = cookieOf(request, cookie)
      if (secret === undefined) throw new TokenMissingError(demand)
      const login = logins.check(secret) ?? (await logins.learn(secret))
      if (!login) {
        reply.header('set-cookie', clearedCookie(cookie))
        throw failures.refuse('login', request.ip, new LoginOverError())
      }
      refuseOtherSites(request, publicOrigin)
      if (!isSafe(request)) demandSameOrigin(request)
      const { id, name, expiresMs } = login
      const isWelcome = () => logins.check(secret) !== undefined
      return knownAs({ kind: 'login', expiresMs, isWelcome }, login, id, name)
    }
  },
  { name: 'auth' }
)

function knownAs(
  caller: Omit<Caller, 'isAdmin' | 'mayDeploy' | 'id' | 'name'>,
  { scopes }: Bearer,
  id: string | undefined,
  name: string | undefined
) {
  return {
    scopes,
    caller: { ...caller, ...(id === undefined ? {} : { id }), ...(name === undefined ? {} : { name }) }
  }
}

function refuseOutsiders(request: FastifyRequest): void {
  const { headers } = request
  if (!isLoopback(hostOf(headers.host ?? ''))) throw new HostHeaderError((headers.host ?? '').slice(0, 80))
  if (headers['x-forwarded-for'] ?? headers['x-forwarded-host'] ?? headers.forwarded) throw new ProxyError()
}

/** Following a link is fine; a script or form of another site is not. Programs send neither header. */
export function refuseOtherSites(request: FastifyRequest, publicOrigin?: string): void {
  const { headers } = request
  const site = headers['sec-fetch-site']
  const navigates = isSafe(request) && headers['sec-fetch-mode'] === 'navigate'
  if ((site === 'cross-site' || site === 'same-site') && !navigates) throw new CrossOriginError()
  const { origin } = headers
  if (origin === undefined || navigates || origin === publicOrigin) return
  if (!URL.canParse(origin) || new URL(origin).host !== headers.host?.toLowerCase())
    throw new CrossOriginError()
}

/** A browser sends the cookie by itself, so what changes something must say that the page sent it. */
function demandSameOrigin({ headers }: FastifyRequest): void {
  // Where there is an Origin, it was compared with the hub's own before.
  if (headers['sec-fetch-site'] !== 'same-origin' && headers.origin === undefined) throw new SameOriginError()
}

function isSafe({ method }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** The name in a Host header, without the port. */
function hostOf(header: string): string {
  return header.replace(/:\d{1,5}$/, '')
}

function tokenOf(request: FastifyRequest): string | undefined {
  return /^Bearer ([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? '')?.[1]
}
