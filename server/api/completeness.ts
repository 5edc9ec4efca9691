/** What is missing of logs. */
import { type Static, Type } from 'typebox'
import { note } from './fleet.ts'
import { AskedTime, Time } from './times.ts'

/** Names the instance that a gap or a note belongs to. */
export const instanceNamed = {
  instance: Type.String(),
  app: Type.String(),
  environment: Type.String(),
  host: Type.String(),
  hostName: Type.String(),
  container: Type.String(),
  containerName: Type.String()
}

/** Lines that were written and that nobody can read any more. */
export const GapJson = Type.Object({
  ...instanceNamed,
  stream: Type.String(),
  cause: Type.Union([
    Type.Literal('rotated-unread'),
    Type.Literal('removed-unread'),
    Type.Literal('source-gap'),
    Type.Literal('hold-exceeded'),
    Type.Literal('truncated'),
    Type.Literal('unreadable'),
    Type.Literal('nul')
  ]),
  /** Absent where nobody knows. */
  bytes: Type.Optional(Type.Integer()),
  /** There may have been more than `bytes`. */
  more: Type.Optional(Type.Boolean()),
  /** About how many lines, by the stream's mean length of a line. */
  lines: Type.Optional(Type.Integer()),
  /** Times of the last record before it and of the first behind it, as far as there are any. */
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  /** When it was noticed. */
  told: Time,
  generation: Type.Optional(Type.String()),
  offset: Type.Optional(Type.Integer())
})
export type GapJson = Static<typeof GapJson>

/** GET /api/completeness */
export const CompletenessQuery = Type.Object({
  app: Type.Optional(Type.String({ maxLength: 255 })),
  environment: Type.Optional(Type.String({ maxLength: 255 })),
  host: Type.Optional(Type.String({ maxLength: 128 })),
  instance: Type.Optional(Type.String({ maxLength: 16 })),
  from: Type.Optional({ ...AskedTime, default: 'now-1h' }),
  to: Type.Optional({ ...AskedTime, default: 'now' }),
  limit: Type.Integer({ minimum: 0, maximum: 5000, default: 500 })
})

export const InstanceNoteJson = Type.Object({ ...instanceNamed, ...note })
export type InstanceNoteJson = Static<typeof InstanceNoteJson>

export const CompletenessAnswer = Type.Object({
  /**
   * `gaps`: something is missing for good. `behind`: something is still on its way. `unknown`: a source cannot tell.
   * `complete`: everything that was written in the range is there, from `since` on where that is given.
   */
  verdict: Type.Union([
    Type.Literal('complete'),
    Type.Literal('gaps'),
    Type.Literal('behind'),
    Type.Literal('unknown')
  ]),
  from: Time,
  to: Time,
  hubTime: Time,
  /** Nothing older is kept; absent where the range begins later. */
  since: Type.Optional(Time),
  gapCount: Type.Integer(),
  bytes: Type.Integer(),
  /** About so many, of the gaps whose size is known. */
  lines: Type.Integer(),
  /** Gaps whose size nobody knows, or only in part. */
  unknown: Type.Integer(),
  /** By their place in time. */
  gaps: Type.Array(GapJson),
  /** Gaps that are not listed. */
  others: Type.Integer(),
  behind: Type.Array(
    Type.Object({
      host: Type.String(),
      hostName: Type.String(),
      behindMs: Type.Integer(),
      behindBytes: Type.Integer(),
      /** Everything that it wrote before is there. */
      until: Time
    })
  ),
  notes: Type.Array(InstanceNoteJson),
  otherNotes: Type.Integer()
})
export type CompletenessAnswer = Static<typeof CompletenessAnswer>

/** GET /api/instances/:id/streams */
export const StreamsAnswer = Type.Object({
  instance: Type.String(),
  streams: Type.Array(
    Type.Object({
      stream: Type.String(),
      /** Bytes that are here for good, of all generations. */
      bytes: Type.Integer(),
      /** Older generations that are not listed. */
      others: Type.Integer(),
      /** In the order of their writing. */
      generations: Type.Array(
        Type.Object({
          generation: Type.String(),
          /** Parts of one file have the same. */
          file: Type.String(),
          /** Where in its file it begins. */
          begins: Type.Integer(),
          number: Type.Integer(),
          /** The bytes before this one are here for good, but for the gaps. */
          committed: Type.Integer(),
          /** `complete`: here to its end; `current`: it may grow; `coming`: the rest of it is on its way. */
          state: Type.Union([Type.Literal('complete'), Type.Literal('current'), Type.Literal('coming')]),
          /** Times of its first and last record, where they are remembered. */
          from: Type.Optional(Time),
          to: Type.Optional(Time)
        })
      ),
      gaps: Type.Array(GapJson)
    })
  )
})
export type StreamsAnswer = Static<typeof StreamsAnswer>
