/**
 * Which agent speaks for which host now. Where one hub is alone, sessions live in its memory: after a restart agents say
 * hello again. Where several share a state the session lies there, so that any of them knows it.
 */
import { randomBytes } from 'node:crypto'
import { HostTakenError, SessionError } from './errors.ts'
import { LIVE_MS } from './fleet/view.ts'
import type { SharedSession, Turns } from './turns.ts'

export interface Session extends SharedSession {
  heardMs: number
}

export interface SessionsOptions {
  /** Where several hubs share the hosts. */
  turns?: Turns | undefined
  /** When this or another hub heard the host last. */
  heardMs?: (host: string) => number | undefined
}

/** What an agent says of itself. */
type Asked = Pick<Session, 'host' | 'hostName' | 'place' | 'address'>

/** The longest time between two requests of an agent. */
export const HEARTBEAT_MS = 5000

export class Sessions {
  readonly #turns: Turns | undefined
  readonly #heardMs: (host: string) => number | undefined
  readonly #current = new Map<string, Session>()

  constructor({ turns, heardMs = () => undefined }: SessionsOptions = {}) {
    this.#turns = turns
    this.#heardMs = heardMs
  }

  /**
   * Begins a session and ends the host's old one. Rejects with HostTakenError where another live agent has it. One call
   * at a time for a host.
   */
  async begin(asked: Asked, nowMs: number): Promise<Session> {
    const fresh = { ...asked, id: randomBytes(12).toString('hex'), beganMs: nowMs }
    if (this.#turns) await this.#turns.take(asked.host, (old) => this.#succeed(old?.session, fresh))
    else this.#succeed(this.#current.get(asked.host), fresh)
    const session = { ...fresh, heardMs: nowMs }
    this.#current.set(asked.host, session)
    return session
  }

  /** Rejects with SessionError where the host's session is another one. One call at a time for a host. */
  async heard(host: string, id: string, nowMs: number): Promise<void> {
    const session = this.#turns ? await this.#shared(this.#turns, host, id) : this.#current.get(host)
    if (!session) throw new SessionError('The hub does not know this session (it was started again).')
    if (session.id !== id) throw new SessionError('A newer session of this host has begun.')
    this.#current.set(host, { ...session, heardMs: nowMs })
  }

  /** Ends sessions that were not heard since `thenMs`, and names their hosts. */
  endSilent(thenMs: number): string[] {
    const silent = [...this.#current.values()].filter(({ heardMs }) => heardMs < thenMs)
    for (const { host } of silent) this.#current.delete(host)
    return silent.map(({ host }) => host)
  }

  live(nowMs: number): number {
    let count = 0
    for (const session of this.#current.values()) if (nowMs - session.heardMs <= LIVE_MS) count++
    return count
  }

  /** The session that follows another of the same host. */
  #succeed(old: SharedSession | undefined, fresh: SharedSession): SharedSession {
    if (!old || old.place === fresh.place) return fresh
    const own = this.#current.get(fresh.host)
    const heardMs = Math.max(old.beganMs, own?.heardMs ?? 0, this.#heardMs(fresh.host) ?? 0)
    if (fresh.beganMs - heardMs <= LIVE_MS) throw new HostTakenError(old.hostName, old.address)
    return fresh
  }

  /** The session as all hubs know it; this one serves it from now on. */
  async #shared(turns: Turns, host: string, id: string): Promise<SharedSession | undefined> {
    const turn = await turns.of(host)
    if (turn?.session.id !== id || turns.isOwn(host, turn)) return turn?.session
    const mine = await turns.take(host, (old) => {
      if (!old) throw new SessionError('The hub does not know this session.')
      return old.session
    })
    return mine.session
  }
}
