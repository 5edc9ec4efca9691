/** A decision becomes a deploy, or a reason why it did not. */
import type { Beginner } from '../begin.ts'
import type { By } from '../deploy.ts'
import type { Decision } from './rules.ts'
import type { DeliveryJson } from './trigger.ts'

type Outcome = Pick<DeliveryJson, 'verdict' | 'app' | 'environment' | 'deploy' | 'why'>

/** Coded refusals (no such app, image not allowed, one is under way) are `refused`; what may be done later is `failed`. With the same key it is done once. */
export async function orderOf(decision: Decision, by: By, key: string, deploys: Beginner): Promise<Outcome> {
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
    const why = `${code === '' ? '' : `${code}: `}${message}`.slice(0, 4096)
    return { verdict: statusCode < 500 ? 'refused' : 'failed', app, environment, why }
  }
}
