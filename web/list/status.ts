/** How a question stands: its two ends, and everything that may be missing of the answer. */
import type { CoverageJson } from '../../server/api/logs.ts'

/** How one end of the list stands. */
export type End =
  | { kind: 'more' }
  | { kind: 'asking' }
  | { kind: 'end' }
  /** The hub's time limit: everything up to `at` was searched. */
  | { kind: 'stopped'; at: string }
  | { kind: 'failed'; error: Error }

export interface FeedStatus {
  phase: 'asking' | 'shown' | 'failed'
  error: Error | undefined
  older: End
  newer: End
  /** Absolute, once the hub has answered. */
  from: string | undefined
  to: string | undefined
  tookMs: number
  hubTime: string | undefined
  unreadable: CoverageJson['unreadable']
  behind: CoverageJson['behind']
  movesFailed: boolean
  /** The record that the link named is not stored. */
  missing: boolean
}

export const ASKING: FeedStatus = {
  phase: 'asking',
  error: undefined,
  older: { kind: 'asking' },
  newer: { kind: 'end' },
  from: undefined,
  to: undefined,
  tookMs: 0,
  hubTime: undefined,
  unreadable: [],
  behind: [],
  movesFailed: false,
  missing: false
}
