import type { By } from '../../server/deploys/deploy.ts'
import type { Say } from './words.ts'

/** Who did something, as a person would say it. */
export function byText({ kind, name }: By, say: Say): string {
  return say(`by.${kind}`, { name })
}
