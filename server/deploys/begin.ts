/** What others than people need of deploys. */
import type { Deploy, DeployAsked, DeployStep } from './deploy.ts'

/** Begins a deploy and does not wait for its end. Throws coded refusals: no such app, image not allowed, one is under way … */
export interface Beginner {
  /** The same `key` of the same caller begins the same deploy, and no other. */
  begin(asked: DeployAsked, key: string): Promise<{ id: string }>
}

export interface DeployFeed {
  /** Newest first; of all apps and environments where none is named. */
  list(asked: { app?: string; environment?: string; beforeId?: string; limit: number }): Promise<Deploy[]>
  /** What changes from now on, until the signal aborts. */
  changes(signal: AbortSignal): AsyncIterable<{ deploy: Deploy; step?: DeployStep }>
}
