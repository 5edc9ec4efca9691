/** What a person fills in to begin a deploy, and what follows from it. Pure. */
import type { AppAnswer } from '../../server/deploys/apps-api.ts'
import type { Deploy } from '../../server/deploys/deploy.ts'
import type { DeployBody } from './ask-begin.ts'

export interface Filled {
  app: string
  environment: string
  /** '' stands for what the definition says. */
  image: string
  version: number
  reason: string
}

/** Where the hub's refusals belong; all others stand above. */
const FIELDS: Readonly<Record<string, keyof Filled>> = {
  DRIFTLOG_IMAGE_REFERENCE: 'image',
  DRIFTLOG_IMAGE_NOT_ALLOWED: 'image',
  DRIFTLOG_ENVIRONMENT_NOT_FOUND: 'environment',
  DRIFTLOG_PROMOTE_ONLY: 'environment',
  DRIFTLOG_DEPLOYING: 'environment',
  DRIFTLOG_VERSION_NOT_FOUND: 'version'
}

/** Of the error `code`; absent: none is known. */
export function fieldOf(code: string): keyof Filled | undefined {
  return Object.hasOwn(FIELDS, code) ? FIELDS[code] : undefined
}

/** Whether what was asked for may have been done nevertheless: no answer came, or one of a hub that failed. */
export function isUnsure({ status }: { status: number }): boolean {
  return status === 0 || status >= 500
}

/** The version is always named: what was planned is what begins, also where somebody has put a newer one since. */
export function bodyOf({ image, reason, ...rest }: Filled): DeployBody {
  const [named, why] = [image.trim(), reason.trim()]
  return { ...rest, ...(named === '' ? {} : { image: named }), ...(why === '' ? {} : { reason: why }) }
}

/** First the ones that take more than promotions. */
export function environmentsOf({ wanted }: Pick<AppAnswer, 'wanted'>): string[] {
  const isOpen = (name: string) => wanted[name]?.rollout?.from === undefined
  const names = Object.keys(wanted)
  return [...names.filter(isOpen), ...names.filter((name) => !isOpen(name))]
}

/** Of the deploys of one app and environment, newest first: what holds up any other, and what runs. */
export function standingOf(deploys: readonly Deploy[]): { underWay?: Deploy; runs?: Deploy } {
  const underWay = deploys.find(
    ({ state }) => state === 'running' || state === 'paused' || state === 'rolling-back'
  )
  const runs = deploys.find(({ state }) => state === 'succeeded')
  return { ...(underWay ? { underWay } : {}), ...(runs ? { runs } : {}) }
}

/** The same question gets the same key, however often it is asked: the hub begins one deploy for it. */
export function keysFor(newKey: () => string): (question: string) => string {
  const keys = new Map<string, string>()
  return (question) => {
    const key = keys.get(question) ?? newKey()
    keys.set(question, key)
    return key
  }
}
