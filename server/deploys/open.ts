/** Puts the parts of deploys together: what routes ask, what agents ask, and the duty of one hub of several. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Order } from '../../agent/protocol-orders.ts'
import type { Access } from '../../collector/access.ts'
import { onDuty } from '../../collector/lease.ts'
import type { StateEntry, StateStore } from '../../collector/store/state.ts'
import type { MarkSource } from '../marks.ts'
import { Archive } from './archive.ts'
import { Definitions } from './definitions.ts'
import { Deploys } from './deploys.ts'
import { type EndpointsAnswer, endpointsOf } from './endpoints.ts'
import { deployKey, type KeptDeploy, type Running, runningKey } from './kept.ts'
import { deployMarks } from './marks.ts'
import { OrderBook } from './order-book.ts'
import { Ports } from './ports.ts'
import { Repeats } from './repeats.ts'
import { Roller } from './roller.ts'
import type { DeploySettings } from './settings.ts'
import { type DeployFleet, Surroundings } from './surroundings.ts'
import { nextTry, upkeep } from './upkeep.ts'

export interface DeployPartsOptions {
  state: StateStore
  fleet: DeployFleet
  access: Pick<Access, 'listHostKeys'>
  settings: DeploySettings
  log: Pick<Logger, 'info' | 'warn'>
  nowMs: () => number
  /** Another hub takes the duty over once this one was silent for so long. */
  freeAfterMs?: number
  /** The fleet is played, and so are its deploys. */
  isPlayed?: boolean
}

export interface DeployParts {
  definitions: Definitions
  deploys: Deploys
  book: OrderBook
  endpoints(app: string, environment: string): Promise<EndpointsAnswer>
  marks: MarkSource
  /** Takes over what another hub wrote. */
  apply(entries: readonly StateEntry[]): void
  /** For /metrics. */
  figures(): Record<string, number>
  /** Rolls deploys on whenever it is this hub's turn, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

const UPKEEP_MS = 60_000

export async function openDeploys(options: DeployPartsOptions): Promise<DeployParts> {
  const { state, fleet, access, settings, log, nowMs, freeAfterMs, isPlayed } = options
  const archive = await Archive.open(state)
  const definitions = await Definitions.open(state)
  const ports = new Ports(state, settings.ports, nowMs)
  const book = await OrderBook.open({ state, nowMs, isMeant: (order) => isOrdered(state, order) })
  const surroundings = new Surroundings(fleet, nowMs, isPlayed)
  const repeats = new Repeats(state, nowMs)
  const tools = { state, book, ports, archive, nowMs }
  const roller = new Roller({ ...tools, timeoutMs: settings.timeoutMs, log, fleet: surroundings })
  const deploys = new Deploys({ ...tools, definitions, fleet: surroundings, settings, repeats, log })

  const keepUp = async (signal: AbortSignal) => {
    const keys = () => new Set(access.listHostKeys().map(({ host }) => host))
    while (!signal.aborted) {
      const known = keys()
      const mayReturn = (host: string) => known.has(host)
      await upkeep({ ...tools, repeats, mayReturn, kept: settings.kept }).catch((err) =>
        log.warn({ err }, 'what is left of deploys could not be cleared, will try again')
      )
      await sleep(UPKEEP_MS, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }
  const duty = async (term: number, signal: AbortSignal) => {
    await Promise.all([roller.run(term, signal), keepUp(signal)])
  }

  return {
    definitions,
    deploys,
    book,
    endpoints: (app, environment) => endpointsOf(state, fleet, app, environment),
    marks: deployMarks(archive),
    apply(entries) {
      archive.apply(entries)
      book.apply(entries)
    },
    figures: () => figuresOf(archive, book),
    run: (signal) =>
      onDuty(
        { state, name: 'deploys', log, ...(freeAfterMs === undefined ? {} : { freeAfterMs }) },
        duty,
        signal
      )
  }
}

/** Its deploy is at it, or what runs says that it is to be done. */
async function isOrdered(state: StateStore, order: Order): Promise<boolean> {
  const kept = await state.get<KeptDeploy>(deployKey(order.deploy))
  const ordered = kept?.work?.orders[order.id]
  if (ordered) return !ordered.end
  if (order.kind !== 'remove') return false
  const running = await state.get<Running>(runningKey(order))
  // One that is ordered anew is in the book a moment before what runs names it.
  const ids = running?.leftovers.flatMap((one) => [one.order, nextTry(one.order)])
  return ids?.includes(order.id) === true
}

function figuresOf(archive: Archive, book: OrderBook): Record<string, number> {
  const states = Object.entries(archive.counts()).map(([state, count]) => [
    `deploys_${state.replace('-', '_')}`,
    count
  ])
  return {
    ...Object.fromEntries(states),
    deploys_unfinished: archive.unfinished().length,
    orders_open: book.size,
    orders_agents_waiting: book.waiting,
    orders_given_total: book.counts.given,
    orders_reports_total: book.counts.reports,
    orders_reports_unknown_total: book.counts.unknown
  }
}
