/** What the list is made of: records, and what stands between them. */
import type { Static } from 'typebox'
import type { GapJson } from '../../server/api/completeness.ts'
import type { MoveJson } from '../../server/api/fleet.ts'
import type { RecordJson } from '../../server/api/logs.ts'
import type { Deploy } from '../../server/deploys/deploy.ts'

export type Move = Static<typeof MoveJson>

/** What is computed once per record, for one way of drawing (see `Sheet` in measure.ts). */
export interface Drawn {
  /** Made for this sheet; another sheet computes anew. */
  sheet: unknown
  height: number
}

export interface RecordRow {
  kind: 'record'
  key: string
  time: string
  record: RecordJson
  drawn: Drawn | undefined
}

export interface MoveRow {
  kind: 'move'
  key: string
  time: string
  move: Move
}

/** Records that exist (or may exist) and are not in the list; pressing it loads them. */
export interface RangeRow {
  kind: 'range'
  key: string
  /** Where the row stands. */
  time: string
  cause: 'skipped' | 'reset' | 'paused' | 'late'
  /** Absent where nobody counted. */
  count: number | undefined
  /** Both ends belong to the range. */
  from: string
  to: string
  /** Of a late range. */
  host: string
  hostName: string
  loading: boolean
}

/** Lines that are lost. */
export interface GapRow {
  kind: 'gap'
  key: string
  /** Before the first line behind it. */
  time: string
  gap: GapJson
}

/** An app began to become another one. */
export interface DeployRow {
  kind: 'deploy'
  key: string
  time: string
  deploy: Deploy
}

export type Row = RecordRow | MoveRow | RangeRow | GapRow | DeployRow
