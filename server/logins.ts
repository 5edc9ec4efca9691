/**
 * Logins of the page: a token was exchanged for a cookie that no script can read. The hub keeps the sha-256 of each
 * one's secret, so logins outlive a restart, and end with their token, at their time, or when the reader logs out.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { Access, Bearer } from '../collector/access.ts'
import type { StateEntry, StateStore } from '../collector/store/state.ts'

/** A login that stands: what its token opens, and until when. */
export interface Login extends Bearer {
  expiresMs: number
}

export interface Logins {
  /** Names this hub's cookie: hubs on other ports of the same name have another. */
  cookie: string
  /** `secret` goes into the cookie and is not kept. */
  begin(token: Bearer & { id: string }): Promise<{ secret: string; expiresMs: number }>
  /** Undefined where the login has ended, or never began. */
  check(secret: string): Login | undefined
  /** The same, for one that may have begun at another hub a moment ago: the state is asked. */
  learn(secret: string): Promise<Login | undefined>
  /** Takes over what began or ended at other hubs. */
  apply(entries: readonly StateEntry[]): void
  /** Ends one login. */
  end(secret: string): Promise<void>
  /** Calls `listener` whenever logins have ended by themselves or by their reader. */
  onEnded(listener: () => void): () => void
}

interface Kept {
  /** Id of the token. */
  token: string
  createdMs: number
  expiresMs: number
}

interface LoginsOptions {
  state: StateStore
  access: Pick<Access, 'bearer' | 'learnId' | 'onRevoked'>
  maxAgeMs: number
  nowMs: () => number
}

const LOGINS = 'login/'
const COOKIE_KEY = 'cookie-name'
const SECRET_BYTES = 24
/** Of one token; a further one ends the oldest. */
const MOST_PER_TOKEN = 100

export async function openLogins({ state, access, maxAgeMs, nowMs }: LoginsOptions): Promise<Logins> {
  const cookie = await state.update<string>(
    COOKIE_KEY,
    (old) => old ?? `driftlog-${randomBytes(4).toString('hex')}`
  )
  const logins = new Map<string, Kept>()
  for (const { key, value } of await state.list<Kept>(LOGINS)) logins.set(key.slice(LOGINS.length), value)
  const listeners = new Set<() => void>()
  const drop = (sha256s: string[]) => {
    for (const sha256 of sha256s) logins.delete(sha256)
    for (const listener of listeners) listener()
  }
  const forget = async (sha256s: string[]) => {
    drop(sha256s)
    for (const sha256 of sha256s) await state.delete(LOGINS + sha256)
  }
  const stands = ({ token, expiresMs }: Kept) => nowMs() < expiresMs && access.bearer(token) !== undefined
  const over = () => [...logins].filter(([, login]) => !stands(login)).map(([sha256]) => sha256)
  // What can't be deleted now is found over again at the next start.
  access.onRevoked(() => void forget(over()).catch(() => undefined))
  await forget(over())

  const all: Logins = {
    cookie: cookie ?? '',
    async learn(secret) {
      if (!state.shared) return undefined
      const login = await state.get<Kept>(LOGINS + sha256Of(secret))
      if (!login) return undefined
      // Its token may be as new as itself.
      await access.learnId(login.token)
      logins.set(sha256Of(secret), login)
      return all.check(secret)
    },
    apply(entries) {
      const ended: string[] = []
      for (const { key, value } of entries) {
        if (!key.startsWith(LOGINS)) continue
        if (value) logins.set(key.slice(LOGINS.length), value as Kept)
        else ended.push(key.slice(LOGINS.length))
      }
      if (ended.length > 0) drop(ended)
    },
    async begin({ id, expiresMs: tokenExpiresMs = Number.POSITIVE_INFINITY }) {
      const own = [...logins].filter(([, { token }]) => token === id).map(([sha256]) => sha256)
      await forget([...over(), ...own.slice(0, Math.max(0, own.length - MOST_PER_TOKEN + 1))])
      const secret = randomBytes(SECRET_BYTES).toString('base64url')
      const createdMs = nowMs()
      const login: Kept = { token: id, createdMs, expiresMs: Math.min(createdMs + maxAgeMs, tokenExpiresMs) }
      await state.put(LOGINS + sha256Of(secret), login)
      logins.set(sha256Of(secret), login)
      return { secret, expiresMs: login.expiresMs }
    },
    check(secret) {
      // Looked up by its hash: what differs in time tells of hashes, which nobody can aim at.
      const login = logins.get(sha256Of(secret))
      const bearer = login && nowMs() < login.expiresMs ? access.bearer(login.token) : undefined
      return login && bearer && { ...bearer, expiresMs: login.expiresMs }
    },
    async end(secret) {
      if (!logins.has(sha256Of(secret))) await all.learn(secret)
      if (logins.has(sha256Of(secret))) await forget([sha256Of(secret)])
    },
    onEnded(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    }
  }
  return all
}

function sha256Of(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
