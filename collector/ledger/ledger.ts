/** The completeness ledger: what is missing of every instance's logs, kept in memory and written through. */
import type { Loss } from '../../agent/protocol.ts'
import type { StateStore } from '../store/state.ts'
import type { OriginSummary } from '../store/store.ts'
import {
  type Account,
  type Came,
  type Gap,
  type KeptAccount,
  keptAccount,
  linesOf,
  newAccount,
  openAccount,
  rangeOf,
  recall,
  tellArrival,
  tellLoss,
  totalOf
} from './account.ts'

export type { Earlier, GapCause } from './account.ts'

/** A gap as it is read back. */
export interface FoundGap extends Gap {
  host: string
  container: string
  /** About how many lines; absent where nobody can say. */
  lines?: number
  /** When it happened, as far as anybody knows; where only the moment of telling is known, that. */
  range: { fromMs: number; toMs: number }
}

export interface Totals {
  count: number
  bytes: number
  /** Gaps whose size nobody knows. */
  unknown: number
}

/** What was learned of the length of records is written down this often while nothing is missing. */
const SAVED_MS = 60_000
const PREFIX = 'ledger/'

interface Kept {
  account: Account
  savedMs: number
  /** What is in memory is newer than what is kept. */
  dirty: boolean
}

/** Keeps a value of a host with the next write; undefined deletes it. */
type Keep = (host: string, key: string, value: unknown) => void

export class Ledger {
  readonly #keep: Keep
  readonly #nowMs: () => number
  /** Called where a gap is new, or where more is known of one than before. */
  readonly #changed: (host: string, container: string) => void
  /** By host, then by container. */
  readonly #accounts = new Map<string, Map<string, Kept>>()

  constructor(
    keep: Keep,
    nowMs: () => number,
    changed: (host: string, container: string) => void = () => {}
  ) {
    this.#keep = keep
    this.#nowMs = nowMs
    this.#changed = changed
  }

  /** Accounts of instances that nobody knows any more are forgotten. */
  async load(state: Pick<StateStore, 'list'>, isKnown: (host: string, container: string) => boolean) {
    for (const { key, value } of await state.list<KeptAccount>(PREFIX)) {
      const [host = '', ...rest] = key.slice(PREFIX.length).split('/')
      const container = rest.join('/')
      if (isKnown(host, container)) this.#open(host, container, value)
      else this.#keep(host, key, undefined)
    }
  }

  /** Takes over what another hub wrote. */
  apply(host: string, container: string, kept: KeptAccount): void {
    const before = this.#accounts.get(host)?.get(container)?.account.gaps
    this.#open(host, container, kept)
    if (JSON.stringify(before ?? []) !== JSON.stringify(kept.gaps)) this.#changed(host, container)
  }

  /** What is stored of each stream, at the start: a gap that is told next begins there. */
  recall(summaries: readonly OriginSummary[]): void {
    for (const { origin, last } of summaries)
      recall(this.#account(origin.host, origin.container).account, origin.stream, Number(last / 1_000_000n))
  }

  /** What an agent told as lost, by a clock that is so far ahead of the hub's. Durable with the next write. */
  lost(host: string, losses: readonly Loss[], aheadMs = 0): void {
    this.#lost(host, losses, (account, loss) => tellLoss(account, loss, aheadMs))
  }

  /** What the hub takes for lost, since nobody can read it any more; should somebody all the same, it was not. */
  assume(host: string, losses: readonly Loss[]): void {
    this.#lost(host, losses, (account, loss) => tellLoss(account, loss, 0, true))
  }

  #lost(host: string, losses: readonly Loss[], tell: (account: Account, loss: Loss) => boolean): void {
    for (const loss of losses) {
      const kept = this.#account(host, loss.container)
      if (!tell(kept.account, loss)) continue
      this.#save(host, loss.container, kept)
      this.#changed(host, loss.container)
    }
  }

  /** Records came; true where that has to be written down before they count as delivered. */
  arrived(host: string, container: string, came: Came): boolean {
    const kept = this.#account(host, container)
    const nowMs = this.#nowMs()
    const changed = tellArrival(kept.account, came, nowMs)
    kept.dirty = true
    if (changed || nowMs - kept.savedMs >= SAVED_MS) this.#save(host, container, kept)
    if (changed) this.#changed(host, container)
    return changed
  }

  /** In the order in which they were told. */
  gaps(host: string, container: string): FoundGap[] {
    const account = this.#accounts.get(host)?.get(container)?.account
    if (!account) return []
    return account.gaps.map((gap) => {
      const lines = linesOf(account, gap)
      return { ...gap, host, container, ...(lines !== undefined && { lines }), range: rangeOf(gap) }
    })
  }

  /** Instances of which something is missing. */
  lossy(): { host: string; container: string }[] {
    return [...this.#accounts].flatMap(([host, accounts]) =>
      [...accounts].flatMap(([container, { account }]) =>
        account.gaps.length > 0 ? [{ host, container }] : []
      )
    )
  }

  /** Gaps of an instance that were too many to be kept one by one. */
  earlier(host: string, container: string): Account['earlier'] {
    return this.#accounts.get(host)?.get(container)?.account.earlier
  }

  /** The files of a stream that are remembered, with the times of their first and last record. */
  spans(host: string, container: string, stream: string) {
    return this.#accounts.get(host)?.get(container)?.account.books.get(stream)?.spans ?? []
  }

  /** Of all instances of a host. */
  totals(host: string): Totals {
    const sum = { count: 0, bytes: 0, unknown: 0 }
    for (const { account } of this.#accounts.get(host)?.values() ?? []) {
      if (account.gaps.length === 0) continue
      const { count, bytes, unknown } = totalOf(account)
      sum.count += count
      sum.bytes += bytes
      sum.unknown += unknown
    }
    return sum
  }

  /** Writes down what is not yet. */
  flush(): void {
    for (const [host, accounts] of this.#accounts)
      for (const [container, kept] of accounts) if (kept.dirty) this.#save(host, container, kept)
  }

  #open(host: string, container: string, kept: KeptAccount): void {
    this.#of(host).set(container, { account: openAccount(kept), savedMs: this.#nowMs(), dirty: false })
  }

  #save(host: string, container: string, kept: Kept): void {
    kept.savedMs = this.#nowMs()
    kept.dirty = false
    this.#keep(host, `${PREFIX}${host}/${container}`, keptAccount(kept.account))
  }

  #account(host: string, container: string): Kept {
    const accounts = this.#of(host)
    const known = accounts.get(container)
    if (known) return known
    const kept = { account: newAccount(), savedMs: this.#nowMs(), dirty: false }
    accounts.set(container, kept)
    return kept
  }

  #of(host: string): Map<string, Kept> {
    const known = this.#accounts.get(host) ?? new Map<string, Kept>()
    this.#accounts.set(host, known)
    return known
  }
}
