import type { Asked, Client } from '../api/client.ts'
import type { Rows } from './rows.ts'

/** Where rows come from: a question to the hub, until the list is left. */
export interface Source {
  client: Client
  asked: Asked
  /** Answers go into these. */
  rows: Rows
  signal: AbortSignal
}
