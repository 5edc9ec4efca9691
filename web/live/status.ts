/** How the tail stands: its connection, and the reader. */
import type { HostDelay } from '../api/tail.ts'

export type PauseReason = 'scrolled' | 'marked' | 'opened' | 'focused' | 'asked'

export type Connection =
  | { kind: 'connecting' }
  | { kind: 'open' }
  | { kind: 'broken'; retryAtMs: number }
  /** The tab is hidden; closed on purpose, goes on where it was. */
  | { kind: 'hidden' }
  /** Trying again would change nothing. */
  | { kind: 'ended'; error: Error }

export type Reading =
  | { kind: 'following' }
  | { kind: 'paused'; why: PauseReason; atMs: number; waiting: number; errors: number; moves: number }

export interface TailStatus {
  connection: Connection
  reading: Reading
  /** Lines of the last seconds, per second. */
  perSecond: number
  /** As told by the last beat. */
  hosts: readonly HostDelay[]
  hubTime: string | undefined
}
