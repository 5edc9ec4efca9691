import type { Deploy } from '../../server/deploys/deploy.ts'
import { imageText } from './image.ts'
import type { SayMark } from './mark-words.ts'

/** What a deploy is called: `orders 1.4 to production`. */
export function deployName(
  { app, environment, reference }: Pick<Deploy, 'app' | 'environment' | 'reference'>,
  say: SayMark
): string {
  return say('name', { app, environment, image: imageText(reference) })
}
