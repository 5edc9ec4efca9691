/** What the hub refuses an agent, by code. docs/protocol.md says for each what an agent does then. */
import createError from '@fastify/error'
import type { Position } from '../agent/protocol.ts'

export const ProtocolError = createError<[string]>('DRIFTLOG_PROTOCOL', '%s', 400)
export const ShapeError = createError<[string]>('DRIFTLOG_BODY', '%s', 400)
export const HeadError = createError<[string]>('DRIFTLOG_HEAD', '%s', 400)
export const StreamError = createError<[string]>(
  'DRIFTLOG_STREAM',
  'This hub reads streams called "docker" or "file:<path>", not "%s". Update the hub.',
  400
)
export const StreamsError = createError<[string, string]>(
  'DRIFTLOG_STREAMS',
  'Container %s has as many log files as it may have (1000), so "%s" is not taken. Narrow the label driftlog.files.',
  400
)
export const JoinError = createError(
  'DRIFTLOG_JOIN',
  'To join this hub a token of scope agent is needed. The hub keeps one in the file tokens/join of its data folder; start the agent with --join and that token.',
  401
)
export const KeyError = createError(
  'DRIFTLOG_KEY',
  "The host's key is unknown here. If this is the right hub, remove the agent's state folder and enrol again with a join token.",
  401
)
export const SlowError = createError(
  'DRIFTLOG_REQUEST_SLOW',
  'The body did not arrive in time. Send it again.',
  408
)
export const SessionError = createError<[string]>('DRIFTLOG_SESSION', '%s Say hello again.', 409)
export const HostTakenError = createError<[string, string]>(
  'DRIFTLOG_HOST_TAKEN',
  "Another live agent has this identity: %s at %s. If this machine is a copy of that one, remove the agent's state folder here and start it again with a join token: it then gets an identity of its own.",
  409
)
export const LengthError = createError(
  'DRIFTLOG_LENGTH',
  'A delivery states its lengths: Content-Length, and driftlog-length before compression.',
  411
)
export const TooLargeError = createError<[number]>(
  'DRIFTLOG_BODY_TOO_LARGE',
  'A delivery has at most %d bytes before compression. Send less at once.',
  413
)
export const MediaTypeError = createError<[string]>(
  'DRIFTLOG_MEDIA_TYPE',
  'A delivery is application/vnd.driftlog.delivery in one of the codings %s.',
  415
)
export const OverloadedError = createError(
  'DRIFTLOG_OVERLOADED',
  'The hub has enough in work. Try again soon.',
  503
)
export const ThreadLostError = createError<[string]>(
  'DRIFTLOG_THREAD',
  '%s Nothing was taken; send it again.',
  503
)
export const StoreFailedError = createError<[string]>(
  'DRIFTLOG_STORE',
  'The store did not take the records: %s. Nothing was taken; send it again.',
  503
)

/** Some chunks do not begin where the hub stands. Nothing of the delivery was taken. */
export class PositionError extends Error {
  readonly code = 'DRIFTLOG_POSITION'
  readonly statusCode = 409
  readonly positions: Position[]
  constructor(positions: Position[]) {
    super('Some chunks do not begin at `next`. Go on from the positions given here.')
    this.positions = positions
  }
}
