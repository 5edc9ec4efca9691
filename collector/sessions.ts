/** Which agent speaks for which host now. Sessions live in memory: after a restart of the hub agents say hello again. */
import { randomBytes } from 'node:crypto'
import { HostTakenError, SessionError } from './errors.ts'
import { LIVE_MS } from './fleet/view.ts'

export interface Session {
  id: string
  host: string
  hostName: string
  /** Where the agent keeps its identity; tells a restarted agent from a copy. */
  place: string
  address: string
  heardMs: number
}

/** The longest time between two requests of an agent. */
export const HEARTBEAT_MS = 5000

export class Sessions {
  readonly #current = new Map<string, Session>()

  /** Begins a session and ends the host's old one. Throws HostTakenError where another live agent has it. */
  begin(asked: Omit<Session, 'id' | 'heardMs'>, nowMs: number): Session {
    const old = this.#current.get(asked.host)
    if (old && old.place !== asked.place && nowMs - old.heardMs <= LIVE_MS)
      throw new HostTakenError(old.hostName, old.address)
    const session = { ...asked, id: randomBytes(12).toString('hex'), heardMs: nowMs }
    this.#current.set(asked.host, session)
    return session
  }

  /** Throws SessionError where the host's session is another one. */
  heard(host: string, id: string, nowMs: number): Session {
    const session = this.#current.get(host)
    if (!session) throw new SessionError('The hub does not know this session (it was started again).')
    if (session.id !== id) throw new SessionError('A newer session of this host has begun.')
    session.heardMs = nowMs
    return session
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
}
