/**
 * How deploys stand in the state. While a deploy has `work`, its document is the only thing that says how far it is: all else
 * (orders, leases, what runs, who may deploy) is made to follow it, and made again after a crash.
 */
import type { ImageAsked, ImageFound, InstanceSpec, OrderEnd, Step } from '../../agent/protocol-orders.ts'
import type { Wanted } from './definition.ts'
import type { Deploy, DeployStep, SlotChange } from './deploy.ts'

export const DEPLOYS = 'deploy/'
export const RUNNING = 'running/'
export const CLAIMS = 'deploying/'

/** `deploy/<id>` */
export interface KeptDeploy {
  deploy: Deploy
  /** Of the hub that rolled it on last; one with a lower term has been overtaken. */
  term: number
  /** What its instances are to be, as the definition said when it was asked for. */
  wanted: Wanted
  image: ImageAsked
  /** Until there is nothing more to be done for it. */
  work?: Work
  /** Of its steps. */
  lastSeq: number
  /** Steps that may not have documents of their own yet. */
  unsaved: DeployStep[]
}

export interface Work {
  slots: SlotWork[]
  /** By id: everything that was ordered. */
  orders: Record<string, Ordered>
  /** Orders are numbered within their deploy. */
  lastOrder: number
  /** What all hosts get, once the first one has found it. */
  image?: ImageAsked
  /** So many changed slots were there when somebody let it go on behind a breakpoint. */
  passed: number
  /** The first failure: why everything goes back. */
  failure?: string
}

/** One slot on its way. Where both are there, it is moving. */
export interface SlotWork {
  slot: number
  /** Where it is to run; absent where it is to go. */
  host?: string
  /** What ran, with `isOld` as long as it is there. */
  before?: Instance
  isOld: boolean
  /** What was brought. */
  now?: Instance
  /** What is to become of it; `same` is left alone. */
  change: SlotChange
  /** The order that is being carried out. */
  order?: string
  /** The order whose end nobody knows, because its host does not answer. */
  unknown?: string
  /** Orders in a row that came to nothing. */
  failures: number
  /** Why it can't be brought where it belongs. */
  stuck?: string
}

/** An instance as it was brought. */
export interface Instance {
  slot: number
  host: string
  port: number
  /** That has made it, and for which its port is leased. */
  order: string
  container?: string
  spec: InstanceSpec
  /** Since this order nobody knows whether it is there. */
  unknown?: string
}

export interface Ordered {
  id: string
  host: string
  kind: 'pull' | 'replace' | 'remove'
  slot?: number
  /** It takes back what was done. */
  isBack: boolean
  /** Its host was away when it was ordered: nobody waits for it. */
  isLater: boolean
  /** Once it is leased. */
  port?: number
  createdMs: number
  withdrawnMs?: number
  /** The last report that has become a step. */
  taken: number
  /** Its present step, with reports of what goes on: those that became steps, and those that were only counted. */
  going: { step?: Step; isDone: boolean; shown: number; hidden: number }
  /** What it said last of a failure. */
  text?: string
  end?: OrderEnd
}

/** `running/<environment>/<app>` */
export interface Running {
  app: string
  environment: string
  /** The last one that succeeded. */
  deploy?: string
  version?: number
  image?: ImageFound
  slots: Instance[]
  leftovers: Leftover[]
}

/** An instance on a host that was away when it should have been removed. */
export interface Leftover {
  slot: number
  host: string
  /** That has made it. */
  made: string
  port: number
  /** That removes it. */
  order: string
}

export function deployKey(id: string): string {
  return DEPLOYS + id
}

export function runningKey({ environment, app }: { environment: string; app: string }): string {
  return `${RUNNING}${environment}/${app}`
}

/** Holds the deploy that alone may touch an app's instances. */
export function claimKey({ environment, app }: { environment: string; app: string }): string {
  return `${CLAIMS}${environment}/${app}`
}

export function hasEnded({ state }: Pick<Deploy, 'state'>): boolean {
  return state === 'succeeded' || state === 'rolled-back' || state === 'failed' || state === 'cancelled'
}
