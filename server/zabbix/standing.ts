/**
 * How each host stands in Zabbix. The hub that keeps hosts in line there knows it; where several hubs share a state, it writes
 * it down for the others.
 */
import type { StateEntry, StateStore } from '../../collector/store/state.ts'

export type HostStanding =
  | { state: 'enabled' | 'disabled'; hostid: string }
  | { state: 'absent' }
  | { state: 'refused'; reason: string; hostid?: string }

/** What the last round has found, by the fleet's ids. */
export interface Found {
  hosts: Readonly<Record<string, HostStanding>>
  /** Why no round has succeeded since. */
  trouble?: string
}

const KEY = 'zabbix/hosts'

export class Standings {
  readonly #state: StateStore
  #found: Found | undefined
  /** What the other hubs were told last, as text. */
  #told: string | undefined

  constructor(state: StateStore) {
    this.#state = state
  }

  /** Some hub has looked already. */
  get known(): boolean {
    return this.#found !== undefined
  }

  get trouble(): string | undefined {
    return this.#found?.trouble
  }

  get hosts(): Found['hosts'] {
    return this.#found?.hosts ?? {}
  }

  /** What another hub has written down before this one started. A hub that is alone looks for itself. */
  async load(): Promise<void> {
    if (this.#state.shared) this.#found ??= await this.#state.get<Found>(KEY)
  }

  /** Takes over what another hub has written down. */
  apply(entries: readonly StateEntry[]): void {
    for (const { key, value } of entries) {
      if (key !== KEY || value === undefined) continue
      this.#found = value as Found
      this.#told = undefined
    }
  }

  /** This hub has looked, under the fencing term of its duty. Rejects where the others can not be told; it is known here. */
  async tell(found: Found, term: number): Promise<void> {
    this.#found = found
    const text = JSON.stringify(found)
    if (!this.#state.shared || text === this.#told) return
    await this.#state.shared.write([{ key: KEY, value: found, term }])
    this.#told = text
  }
}

/**
 * Zabbix's page of a host's latest data. `filter_name` chooses the page's first tab from 5.4 on, where a tab of the reader's
 * own would stay open else; `filter_set` is how older and newer links of Zabbix itself say that they bring a filter.
 */
export function latestDataUrl(pages: URL, hostid: string): string {
  const url = new URL('zabbix.php', pages)
  url.search = new URLSearchParams({
    ...{ action: 'latest.view', 'hostids[]': hostid },
    ...{ filter_name: '', filter_set: '1' }
  }).toString()
  return url.href
}
