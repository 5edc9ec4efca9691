/** Rolls deploys on, as one hub of several does: looks, thinks (roll.ts), writes down, carries out (carry-out.ts), again. */
import { once } from 'node:events'
import type { Logger } from 'pino'
import type { Archive } from './archive.ts'
import { carryOut, type Tools } from './carry-out.ts'
import { claim, claimers, holderOf, unclaim } from './claim.ts'
import type { Seen } from './draft.ts'
import { hasEnded, type KeptDeploy, type Running, runningKey } from './kept.ts'
import type { KeptOrder } from './order-book.ts'
import { OvertakenError, rollOn } from './roll.ts'

export interface RollerOptions extends Tools {
  archive: Archive
  timeoutMs: number
  nowMs: () => number
  log: Pick<Logger, 'info' | 'warn'>
  fleet: Pick<Seen, 'hosts' | 'isThere' | 'nameOf' | 'isUp'>
}

/** Deploys that are at something are looked at this often, also where nothing is told of them. */
const LOOK_MS = 2000
/** Those that wait for a host that does not answer. */
const LOOK_SELDOM = 15
/** Something may have to be done that often in a row; more means that it never ends. */
const MOST_TURNS = 100

export class Roller {
  readonly #options: RollerOptions
  readonly #woken = new Set<string>()
  readonly #bell = new EventTarget()

  constructor(options: RollerOptions) {
    this.#options = options
  }

  /** Something has changed for this deploy. */
  wake(id: string): void {
    this.#woken.add(id)
    this.#bell.dispatchEvent(new Event('ring'))
  }

  /** On duty, until the signal aborts. */
  async run(term: number, signal: AbortSignal): Promise<void> {
    const { archive, book, state, log } = this.#options
    const forget = book.onChange((deploy) => this.wake(deploy))
    const turns = new Map<string, Promise<void>>()
    const begin = (id: string) => {
      const turn = this.#roll(id, term, signal)
        .catch((err) => {
          if (err instanceof OvertakenError)
            log.info({ deploy: id, term }, 'another hub rolls this deploy on')
          else if (!signal.aborted)
            log.warn({ err, deploy: id }, 'a deploy could not be rolled on, will try again')
        })
        .finally(() => {
          turns.delete(id)
          if (this.#woken.has(id)) this.#bell.dispatchEvent(new Event('ring'))
        })
      turns.set(id, turn)
    }
    for (const id of [...archive.unfinished(), ...(await claimers(state))]) this.#woken.add(id)
    const follow = this.#follow(signal)
    let looks = 0
    const timer = setInterval(() => {
      looks++
      const isSeldom = looks % LOOK_SELDOM === 0
      for (const id of archive.ids((one) => one.isOpen && (isSeldom || !hasEnded(one)))) this.wake(id)
    }, LOOK_MS)
    while (!signal.aborted) {
      const woken = [...this.#woken].filter((id) => !turns.has(id))
      for (const id of woken) {
        this.#woken.delete(id)
        begin(id)
      }
      if (woken.length === 0) await once(this.#bell, 'ring', { signal }).catch(() => undefined)
    }
    clearInterval(timer)
    forget()
    await Promise.all([...turns.values(), follow])
  }

  /** What others ask of deploys. */
  async #follow(signal: AbortSignal): Promise<void> {
    for await (const { deploy } of this.#options.archive.changes(signal)) this.wake(deploy.id)
  }

  async #roll(id: string, term: number, signal: AbortSignal): Promise<void> {
    let ports: Seen['ports'] = new Map()
    for (let turns = 0; turns < MOST_TURNS && !signal.aborted; turns++) {
      const kept = await this.#options.archive.look(id)
      if (!kept || kept.deploy.state === 'waiting') return
      if (hasEnded(kept.deploy) && !kept.work) return unclaim(this.#options.state, kept.deploy)
      const seen = await this.#see(kept, term, ports)
      const hasMoved = !same(rollOn(kept, seen), kept)
      const next = hasMoved ? await this.#options.archive.change(id, (old) => rollOn(old, seen)) : kept
      if (!next || signal.aborted) return
      if (hasMoved) this.#note(kept, next)
      ports = seen.hasClaim ? await carryOut(next, this.#options) : new Map()
      if (hasEnded(next.deploy) && (await this.#finish(next, term))) return
      if (!hasMoved && ports.size === 0) return
    }
  }

  async #see(kept: KeptDeploy, term: number, ports: Seen['ports']): Promise<Seen> {
    const { state, book, timeoutMs, nowMs, fleet } = this.#options
    const { deploy, work } = kept
    const orders = new Map<string, KeptOrder>()
    for (const { id, host, end } of Object.values(work?.orders ?? {})) {
      const order = end ? undefined : await book.read(host, id)
      if (order) orders.set(id, order)
    }
    const running = await state.get<Running>(runningKey(deploy))
    const isAwaited = work?.slots.some(({ unknown }) => unknown !== undefined && orders.get(unknown)?.end)
    const mayClaim = !hasEnded(deploy) || isAwaited
    const holder = mayClaim ? await claim(state, deploy) : await holderOf(state, deploy)
    const hasClaim = holder === deploy.id
    return { nowMs: nowMs(), term, timeoutMs, hasClaim, running, orders, ports, ...fleet }
  }

  /** True once there is nothing more to be done for it: what it took to do it is forgotten. */
  async #finish(kept: KeptDeploy, term: number): Promise<boolean> {
    const { state, archive } = this.#options
    const { deploy, work } = kept
    const unknown = work?.slots.flatMap((slot) => slot.unknown ?? []) ?? []
    if (unknown.length > 0) {
      const running = await state.get<Running>(runningKey(deploy))
      // Until its host answers, or another deploy has taken the slot over.
      if (running?.slots.some((slot) => slot.unknown !== undefined && unknown.includes(slot.unknown)))
        return true
    }
    await archive.change(deploy.id, (old) => {
      if (old.term > term || !hasEnded(old.deploy)) return old
      const { work: _, ...rest } = old
      return rest
    })
    return true
  }

  #note(before: KeptDeploy, { deploy }: KeptDeploy): void {
    const { id, app, environment, state, why } = deploy
    if (state === before.deploy.state) return
    const fields = { deploy: id, app, environment, state, ...(why === undefined ? {} : { reason: why }) }
    if (state === 'failed' || state === 'rolling-back')
      this.#options.log.warn(fields, 'a deploy did not go well')
    else this.#options.log.info(fields, 'a deploy came on')
  }
}

function same(a: KeptDeploy, b: KeptDeploy): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
