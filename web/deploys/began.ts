import type { Deploy } from '../../server/deploys/deploy.ts'

/** When it touched something, else when it was asked for. */
export function beganMs({ startedMs, createdMs }: Pick<Deploy, 'startedMs' | 'createdMs'>): number {
  return startedMs ?? createdMs
}
