/**
 * Who may do what: tokens for people and programs, and one key per host. Only their sha-256 is kept, so the state
 * folder gives no secret away; what is issued is shown once.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { StateStore } from './store/state.ts'

/** `read` the page and the API, `agent` lets hosts join, `admin` everything. */
export const SCOPES = ['read', 'agent', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

export interface TokenInfo {
  /** 16 hex digits; names the token when it is to be revoked. */
  id: string
  name: string
  scopes: Scope[]
  createdMs: number
}

/** What a token or key stands for. A host's key has no scopes: it opens the agents' routes for that host alone. */
export interface Bearer {
  scopes: readonly Scope[]
  host?: string
}

export interface Access {
  /** Undefined where the token is unknown or revoked. */
  check(token: string): Bearer | undefined
  /** `token` is shown now and never again. */
  issue(asked: { name: string; scopes: readonly Scope[] }): Promise<TokenInfo & { token: string }>
  list(): TokenInfo[]
  /** False where no such token is known. */
  revoke(id: string): Promise<boolean>
  /** A new key for the host; an older one is not valid any more. */
  issueHostKey(host: string): Promise<string>
  /** The host must enrol anew. False where it has no key. */
  revokeHostKey(host: string): Promise<boolean>
}

interface KeptToken extends TokenInfo {
  sha256: string
}

const TOKENS = 'token/'
const HOST_KEYS = 'hostkey/'
const SECRET_BYTES = 24
/** dlr_ reads, dlj_ joins, dla_ administers; dlk_<host>_ is a host's key. */
const FORM = /^dl[rja]_([0-9a-f]{16})_[\w-]{32}$/
const HOST_KEY_FORM = /^dlk_([\w-]{1,128})_[\w-]{32}$/

export async function openAccess(state: StateStore, nowMs: () => number = Date.now): Promise<Access> {
  const tokens = new Map<string, KeptToken>()
  for (const { value } of await state.list<KeptToken>(TOKENS)) tokens.set(value.id, value)
  const hostKeys = new Map<string, string>()
  for (const { key, value } of await state.list<{ sha256: string }>(HOST_KEYS))
    hostKeys.set(key.slice(HOST_KEYS.length), value.sha256)

  return {
    check(token) {
      const [, id] = FORM.exec(token) ?? []
      const known = id === undefined ? undefined : tokens.get(id)
      if (known) return same(known.sha256, token) ? { scopes: known.scopes } : undefined
      const [, host] = HOST_KEY_FORM.exec(token) ?? []
      const sha256 = host === undefined ? undefined : hostKeys.get(host)
      return host !== undefined && sha256 !== undefined && same(sha256, token)
        ? { scopes: [], host }
        : undefined
    },
    async issue({ name, scopes }) {
      const id = randomBytes(8).toString('hex')
      const token = `${prefixOf(scopes)}_${id}_${secret()}`
      const info: TokenInfo = { id, name, scopes: [...scopes], createdMs: nowMs() }
      const kept: KeptToken = { ...info, sha256: sha256Of(token) }
      await state.put(TOKENS + id, kept)
      tokens.set(id, kept)
      return { ...info, token }
    },
    list: () =>
      [...tokens.values()].map(({ id, name, scopes, createdMs }) => ({ id, name, scopes, createdMs })),
    async revoke(id) {
      if (!tokens.delete(id)) return false
      await state.delete(TOKENS + id)
      return true
    },
    async issueHostKey(host) {
      const key = `dlk_${host}_${secret()}`
      const sha256 = sha256Of(key)
      await state.put(HOST_KEYS + host, { sha256 })
      hostKeys.set(host, sha256)
      return key
    },
    async revokeHostKey(host) {
      if (!hostKeys.delete(host)) return false
      await state.delete(HOST_KEYS + host)
      return true
    }
  }
}

function prefixOf(scopes: readonly Scope[]): string {
  if (scopes.includes('admin')) return 'dla'
  return scopes.includes('agent') ? 'dlj' : 'dlr'
}

/** 32 characters of base64url. */
function secret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url')
}

function sha256Of(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

function same(sha256: string, token: string): boolean {
  const [known, asked] = [Buffer.from(sha256, 'hex'), Buffer.from(sha256Of(token), 'hex')]
  return known.length === asked.length && timingSafeEqual(known, asked)
}
