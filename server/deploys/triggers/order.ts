/** A decision becomes a deploy, or a reason why it did not. */
import type { Logger } from 'pino'
import type { Beginner } from '../begin.ts'
import type { By } from '../deploy.ts'
import { DeployingError } from '../errors.ts'
import type { Decision } from './rules.ts'
import type { DeliveryJson } from './trigger.ts'

type Outcome = Pick<DeliveryJson, 'verdict' | 'app' | 'environment' | 'deploy' | 'why'>

/**
 * Coded refusals (no such app, image not allowed, one is under way) are `refused`; what may be done later is `failed`, and
 * its cause is logged. Where it may wait, it is `waiting` while another one is under way. With the same key it is done once.
 */
export async function orderOf(
  decision: Decision,
  by: By,
  key: string,
  { deploys, log, mayWait = false }: { deploys: Beginner; log: Pick<Logger, 'warn'>; mayWait?: boolean }
): Promise<Outcome> {
  if (decision.kind !== 'deploy') {
    const { kind: verdict, why, ...whose } = decision
    return { verdict, ...whose, why }
  }
  const { kind: _, ...asked } = decision
  const { app, environment } = asked
  try {
    const { id } = await deploys.begin({ ...asked, by }, key)
    return { verdict: 'deployed', app, environment, deploy: id }
  } catch (error) {
    const { code = '', message, statusCode = 500 } = error as Error & { code?: string; statusCode?: number }
    if (error instanceof DeployingError && mayWait)
      return { verdict: 'waiting', app, environment, why: message }
    if (statusCode >= 500) log.warn({ err: error, trigger: by.name }, 'a deploy could not be begun')
    const why = `${code === '' ? '' : `${code}: `}${message}`.slice(0, 4096)
    return { verdict: statusCode < 500 ? 'refused' : 'failed', app, environment, why }
  }
}
