/**
 * Who may do what: tokens for people and programs, and one key per host. Only their sha-256 is kept, so the state
 * folder gives no secret away; what is issued is shown once. A plain sha-256 is enough: a secret is 192 random bits,
 * which nobody can guess through, however fast the hash. Slow hashes are for passwords that people make up.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { StateEntry, StateStore } from './store/state.ts'

/** `read` the page and the API, `deploy` that and what runs where, `agent` lets hosts join, `admin` everything. */
export const SCOPES = ['read', 'deploy', 'agent', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

export interface TokenInfo {
  /** 16 hex digits; names the token when it is to be revoked. */
  id: string
  name: string
  scopes: Scope[]
  createdMs: number
  /** The token opens nothing from then on. */
  expiresMs?: number
  /** About when it was last used: right to within an hour after a restart. */
  usedMs?: number
}

export interface HostKeyInfo {
  host: string
  /** Absent where an older hub issued it. */
  createdMs?: number
}

/** What a token or key stands for. A host's key has no scopes: it opens the agents' routes for that host alone. */
export interface Bearer {
  scopes: readonly Scope[]
  host?: string
  /** Of the token; absent for a host's key. */
  id?: string
  name?: string
  expiresMs?: number
}

export interface Access {
  /** Undefined where the token is unknown, revoked or expired. */
  check(token: string): Bearer | undefined
  /** The same, for one that another hub may have issued a moment ago: the state is asked. */
  learn(token: string): Promise<Bearer | undefined>
  /** Looks a token that another hub may have issued up in the state. */
  learnId(id: string): Promise<void>
  /** Takes over what another hub issued or revoked. */
  apply(entries: readonly StateEntry[]): void
  /** What the token with this id opens now, for what was begun with it. */
  bearer(id: string): Bearer | undefined
  /** `token` is shown now and never again. */
  issue(asked: {
    name: string
    scopes: readonly Scope[]
    expiresMs?: number
  }): Promise<TokenInfo & { token: string }>
  list(): TokenInfo[]
  /** False where no such token is known. */
  revoke(id: string): Promise<boolean>
  /** A new key for the host; an older one is not valid any more. */
  issueHostKey(host: string): Promise<string>
  listHostKeys(): HostKeyInfo[]
  /** The host must enrol anew. False where it has no key. */
  revokeHostKey(host: string): Promise<boolean>
  /** Calls `listener` whenever a token was revoked, until the returned function is called. */
  onRevoked(listener: (id: string) => void): () => void
}

interface KeptToken extends TokenInfo {
  sha256: string
}

interface KeptKey {
  sha256: string
  createdMs?: number
}

const TOKENS = 'token/'
const HOST_KEYS = 'hostkey/'
const SECRET_BYTES = 24
/** dlr_ reads, dld_ deploys, dlj_ joins, dla_ administers; dlk_<host>_ is a host's key. */
const FORM = /^dl[rdja]_([0-9a-f]{16})_[\w-]{32}$/
const HOST_KEY_FORM = /^dlk_([\w-]{1,128})_[\w-]{32}$/
/** The last use of a token is written down at most this often. */
const USED_STEP_MS = 3_600_000
/** Compared with where nothing is known, so that an unknown token takes as long as a wrong one. */
const NO_SECRET = '0'.repeat(64)

export async function openAccess(state: StateStore, nowMs: () => number = Date.now): Promise<Access> {
  const tokens = new Map<string, KeptToken>()
  for (const { value } of await state.list<KeptToken>(TOKENS)) tokens.set(value.id, value)
  const hostKeys = new Map<string, KeptKey>()
  for (const { key, value } of await state.list<KeptKey>(HOST_KEYS))
    hostKeys.set(key.slice(HOST_KEYS.length), value)
  const written = new Map([...tokens.values()].map(({ id, usedMs = 0 }) => [id, usedMs]))
  const listeners = new Set<(id: string) => void>()

  const current = (id: string): KeptToken | undefined => {
    const known = tokens.get(id)
    return known && (known.expiresMs === undefined || nowMs() < known.expiresMs) ? known : undefined
  }
  const used = (token: KeptToken): void => {
    token.usedMs = nowMs()
    const { id, usedMs } = token
    if (usedMs - (written.get(id) ?? 0) < USED_STEP_MS) return
    written.set(id, usedMs)
    // Losing it costs nothing but the date; a token that was revoked meanwhile stays away.
    state.update<KeptToken>(TOKENS + id, (old) => old && { ...old, usedMs }).catch(() => written.delete(id))
  }

  const forget = (id: string): boolean => {
    if (!tokens.delete(id)) return false
    written.delete(id)
    for (const listener of listeners) listener(id)
    return true
  }
  const apply = (entries: readonly StateEntry[]): void => {
    for (const { key, value } of entries) {
      if (key.startsWith(TOKENS)) {
        const id = key.slice(TOKENS.length)
        if (value) tokens.set(id, value as KeptToken)
        else forget(id)
      } else if (key.startsWith(HOST_KEYS)) {
        const host = key.slice(HOST_KEYS.length)
        if (value) hostKeys.set(host, value as KeptKey)
        else hostKeys.delete(host)
      }
    }
  }

  const learn = async (key: string): Promise<void> => {
    if (state.shared) apply([{ key, value: await state.get(key), term: 0 }])
  }

  const access: Access = {
    apply,
    async learn(token) {
      const [, id] = FORM.exec(token) ?? []
      const [, host] = HOST_KEY_FORM.exec(token) ?? []
      if (id !== undefined) await learn(TOKENS + id)
      else if (host !== undefined) await learn(HOST_KEYS + host)
      return access.check(token)
    },
    learnId: (id) => learn(TOKENS + id),
    check(token) {
      const [, id = ''] = FORM.exec(token) ?? []
      const [, host = ''] = HOST_KEY_FORM.exec(token) ?? []
      const known = current(id)
      const key = hostKeys.get(host)
      const right = same(known?.sha256 ?? key?.sha256 ?? NO_SECRET, token)
      if (!right) return undefined
      if (!known) return { scopes: [], host }
      used(known)
      return bearerOf(known)
    },
    bearer(id) {
      const known = current(id)
      return known && bearerOf(known)
    },
    async issue({ name, scopes, expiresMs }) {
      const id = randomBytes(8).toString('hex')
      const token = `${prefixOf(scopes)}_${id}_${secret()}`
      const info: TokenInfo = {
        ...{ id, name, scopes: [...scopes], createdMs: nowMs() },
        ...(expiresMs === undefined ? {} : { expiresMs })
      }
      const kept: KeptToken = { ...info, sha256: sha256Of(token) }
      await state.put(TOKENS + id, kept)
      tokens.set(id, kept)
      return { ...info, token }
    },
    list: () => [...tokens.values()].map(({ sha256: _, ...info }) => info),
    async revoke(id) {
      if (!tokens.has(id)) await learn(TOKENS + id)
      if (!forget(id)) return false
      await state.delete(TOKENS + id)
      return true
    },
    async issueHostKey(host) {
      const key = `dlk_${host}_${secret()}`
      const kept: KeptKey = { sha256: sha256Of(key), createdMs: nowMs() }
      await state.put(HOST_KEYS + host, kept)
      hostKeys.set(host, kept)
      return key
    },
    listHostKeys: () => [...hostKeys].map(([host, { sha256: _, ...info }]) => ({ host, ...info })),
    async revokeHostKey(host) {
      if (!hostKeys.has(host)) await learn(HOST_KEYS + host)
      if (!hostKeys.delete(host)) return false
      await state.delete(HOST_KEYS + host)
      return true
    },
    onRevoked(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    }
  }
  return access
}

function bearerOf({ scopes, id, name, expiresMs }: KeptToken): Bearer {
  return { scopes, id, name, ...(expiresMs === undefined ? {} : { expiresMs }) }
}

function prefixOf(scopes: readonly Scope[]): string {
  if (scopes.includes('admin')) return 'dla'
  if (scopes.includes('agent')) return 'dlj'
  return scopes.includes('deploy') ? 'dld' : 'dlr'
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
