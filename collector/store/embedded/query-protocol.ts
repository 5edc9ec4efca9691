/** What the main thread and a query thread say to each other. */
import type { Origin } from '../../record.ts'
import type { ContextAsked, FacetsAsked, PageAsked, Query } from '../store.ts'
import type { ArrivalsAsked } from './arrivals.ts'
import type { SnapshotData } from './snapshot.ts'

export type Question =
  | { kind: 'search'; query: Query; page: PageAsked }
  | { kind: 'histogram'; query: Query; step: { ns: bigint; origin: bigint } }
  | { kind: 'facets'; query: Query; asked: FacetsAsked; sampleLimit: number }
  | { kind: 'find'; id: string }
  | { kind: 'context'; id: string; asked: ContextAsked }
  | { kind: 'arrivals'; asked: ArrivalsAsked }

export type ToQueryThread =
  | { kind: 'ask'; id: number; question: Question; snapshot: SnapshotData; deadline: number }
  | { kind: 'cancel'; id: number }
  /** Rows of the dictionary from `from` on. */
  | { kind: 'origins'; from: number; rows: (Origin | undefined)[] }
  /** Parts that are deleted. */
  | { kind: 'forget'; paths: string[] }

export type FromQueryThread =
  | { id: number; answer: unknown }
  | { id: number; error: { code: string; message: string } }

export interface QueryThreadData {
  /** One number: which question has the thread; 0 for none. */
  running: SharedArrayBuffer
  /** Bytes of decoded columns that the thread keeps for its next questions. */
  shelfBytes: number
}
