/**
 * Who may ask what. On loopback the hub is open, but not to web sites that a browser on this machine shows
 * (DNS rebinding, cross-site requests) nor to the world through a proxy. Everywhere else each route demands a
 * token whose scope the route names; a route that names none demands `admin`.
 */
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Access } from '../../collector/access.ts'
import { isLoopback } from '../config.ts'
import {
  CrossOriginError,
  HostHeaderError,
  ProxyError,
  ScopeError,
  TokenFailuresError,
  TokenMissingError,
  TokenUnknownError
} from '../errors.ts'

/** `anyone`: no token. `self`: the route checks the caller by itself (agents, with their own keys). */
type Demand = 'anyone' | 'self' | 'read' | 'agent' | 'admin'

declare module 'fastify' {
  interface FastifyContextConfig {
    demand?: Demand
  }
  interface FastifyRequest {
    /** The caller may do everything: an admin's token, or anyone on an open hub. */
    isAdmin: boolean
  }
}

interface AuthOptions {
  access: Pick<Access, 'check'>
  /** No token is demanded. */
  open: boolean
  nowMs: () => number
}

export default fp<AuthOptions>(
  async (app, { access, open, nowMs }) => {
    const failures = new Failures(nowMs)
    app.decorateRequest('isAdmin', open)

    app.addHook('onRequest', async (request) => {
      if (open) {
        refuseOutsiders(request)
        return refuseOtherSites(request)
      }
      const demand = request.is404 ? 'anyone' : (request.routeOptions.config.demand ?? 'admin')
      if (demand === 'anyone' || demand === 'self') return
      const token = tokenOf(request)
      if (token === undefined) throw new TokenMissingError(demand)
      const known = access.check(token)
      if (!known) throw failures.count(request.ip) ? new TokenUnknownError() : new TokenFailuresError()
      // An admin may read; an agent's key opens the agent's routes alone.
      const scopes: readonly string[] = known.scopes
      request.isAdmin = scopes.includes('admin')
      if (scopes.includes(demand) || (demand === 'read' && request.isAdmin)) return
      throw new ScopeError(demand)
    })
  },
  { name: 'auth' }
)

function refuseOutsiders(request: FastifyRequest): void {
  const { headers } = request
  if (!isLoopback(hostOf(headers.host ?? ''))) throw new HostHeaderError((headers.host ?? '').slice(0, 80))
  if (headers['x-forwarded-for'] ?? headers['x-forwarded-host'] ?? headers.forwarded) throw new ProxyError()
}

/** Following a link is fine; a script or form of another site is not. Programs send neither header. */
function refuseOtherSites(request: FastifyRequest): void {
  const { headers, method } = request
  const safe = method === 'GET' || method === 'HEAD'
  const site = headers['sec-fetch-site']
  const navigates = safe && headers['sec-fetch-mode'] === 'navigate'
  if ((site === 'cross-site' || site === 'same-site') && !navigates) throw new CrossOriginError()
  const { origin } = headers
  if (origin === undefined || navigates) return
  if (!URL.canParse(origin) || new URL(origin).host !== headers.host?.toLowerCase())
    throw new CrossOriginError()
}

/** The name in a Host header, without the port. */
function hostOf(header: string): string {
  return header.replace(/:\d{1,5}$/, '')
}

function tokenOf(request: FastifyRequest): string | undefined {
  return /^Bearer ([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? '')?.[1]
}

const WINDOW_MS = 60_000
const FAILURES_PER_WINDOW = 20
/** Addresses that are remembered; beyond it the oldest is forgotten. */
const MOST_ADDRESSES = 10_000

/** Wrong tokens per address. A valid token always passes, so one broken agent can't lock out its neighbours. */
class Failures {
  readonly #nowMs: () => number
  readonly #addresses = new Map<string, { count: number; sinceMs: number }>()

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** Counts one more; false where it was one too many. */
  count(address: string): boolean {
    const nowMs = this.#nowMs()
    const known = this.#addresses.get(address)
    const entry = known && nowMs - known.sinceMs < WINDOW_MS ? known : { count: 0, sinceMs: nowMs }
    entry.count++
    this.#addresses.delete(address)
    this.#addresses.set(address, entry)
    const [oldest] = this.#addresses.keys()
    if (this.#addresses.size > MOST_ADDRESSES && oldest !== undefined) this.#addresses.delete(oldest)
    return entry.count <= FAILURES_PER_WINDOW
  }
}
