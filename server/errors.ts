/**
 * The hub's refusals. Codes are API: clients act on them, docs list them, and a code is never used again for
 * something else. Query errors of the language carry their own `detail` beside DRIFTLOG_QUERY.
 */
import createError from '@fastify/error'

export const ValidationError = createError<[string]>('DRIFTLOG_VALIDATION', '%s', 400)
export const TimeError = createError<[string, string]>(
  'DRIFTLOG_TIME',
  '"%s" is "%s", which is no time. Use RFC 3339 (2026-11-23T10:00:00Z), epoch digits (10 s, 13 ms, 16 µs, 19 ns) or now-15m.',
  400
)
export const TimeOrderError = createError('DRIFTLOG_TIME_ORDER', '"from" lies after "to". Swap them.', 400)
export const ZoneError = createError<[string]>(
  'DRIFTLOG_ZONE',
  '"%s" is no time zone of the IANA list. Use a name such as Europe/Berlin or UTC.',
  400
)
export const CursorError = createError<[string]>(
  'DRIFTLOG_CURSOR',
  '"%s" is no cursor of this hub. Pass the cursor of an answer unchanged, or leave "after" away.',
  400
)
export const RecordIdError = createError<[string]>(
  'DRIFTLOG_RECORD_ID',
  '"%s" is no record id. An id looks like 0123456789abcdef.0.0.4096.',
  400
)
export const RecordNotFoundError = createError<[string]>(
  'DRIFTLOG_RECORD_NOT_FOUND',
  'No record %s is stored. It was never there, or retention has dropped it.',
  404
)
export const InstanceNotFoundError = createError<[string]>(
  'DRIFTLOG_INSTANCE_NOT_FOUND',
  'No agent told of an instance "%s". GET /api/instances lists them all.',
  404
)
export const StatsMetricError = createError<[string, string]>(
  'DRIFTLOG_STATS_METRIC',
  'There is no metric "%s". Known are %s.',
  400
)
export const StatsSubjectError = createError(
  'DRIFTLOG_STATS_SUBJECT',
  'Whose numbers are asked for? Name an instance, a host, or an app (and its environment).',
  400
)
export const StatsHostNotFoundError = createError<[string]>(
  'DRIFTLOG_STATS_HOST_NOT_FOUND',
  'No host "%s" has joined. GET /api/hosts lists them all.',
  404
)
export const StatsPointsError = createError<[number]>(
  'DRIFTLOG_STATS_POINTS',
  'More than %i points in one answer. Ask for a longer step or a shorter range.',
  400
)
export const RouteNotFoundError = createError<[string, string]>(
  'DRIFTLOG_ROUTE_NOT_FOUND',
  'There is no %s %s. /openapi.json lists every route.',
  404
)
export const PageMissingError = createError(
  'DRIFTLOG_PAGE_MISSING',
  'The page was not built. Run "npm run build"; the API works without it.',
  404
)

export const BusyError = createError<[number, number]>(
  'DRIFTLOG_QUERY_BUSY',
  'All %i query places are taken and %i questions wait already. Try again in a moment, or ask for less.',
  429
)
export const TailLimitError = createError<[number]>(
  'DRIFTLOG_TAIL_LIMIT',
  'This hub serves %i live tails at most and all are taken. Close one, or raise DRIFTLOG_TAIL_CLIENTS.',
  429
)
export const TokenMissingError = createError<[string]>(
  'DRIFTLOG_TOKEN_MISSING',
  'This hub demands a token of scope "%s". Send it as "Authorization: Bearer TOKEN"; the hub keeps the first ones in the folder tokens of its data.',
  401
)
export const TokenUnknownError = createError(
  'DRIFTLOG_TOKEN_UNKNOWN',
  'This token is unknown here, was revoked, or has expired. Ask for a new one.',
  401
)
export const LoginOverError = createError(
  'DRIFTLOG_LOGIN_OVER',
  'This login has ended. Log in again with a token.',
  401
)
export const AccessEndedError = createError(
  'DRIFTLOG_ACCESS_ENDED',
  'The token or login that opened this was revoked or has expired. What came until then stands.',
  401
)
export const LoginNeedlessError = createError(
  'DRIFTLOG_LOGIN_NEEDLESS',
  'This hub is open to its own machine and demands no login. Just ask.',
  400
)
export const TokenNotFoundError = createError<[string]>(
  'DRIFTLOG_TOKEN_NOT_FOUND',
  'No token has the id "%s". GET /api/tokens lists them all.',
  404
)
export const TokenLimitError = createError<[number]>(
  'DRIFTLOG_TOKEN_LIMIT',
  'There are %i tokens already, and a hub keeps no more. Revoke those that nobody uses.',
  409
)
export const HostKeyNotFoundError = createError<[string]>(
  'DRIFTLOG_HOST_KEY_NOT_FOUND',
  'No host with the id "%s" has a key. GET /api/host-keys lists them all.',
  404
)
export const ScopeError = createError<[string]>(
  'DRIFTLOG_SCOPE',
  'This token lacks the scope "%s". Use one that has it.',
  403
)
export const HostHeaderError = createError<[string]>(
  'DRIFTLOG_HOST_HEADER',
  'This hub is open to its own machine alone and was asked as "%s". Use localhost or 127.0.0.1, or set DRIFTLOG_PUBLIC_URL (tokens are demanded then).',
  403
)
export const ProxyError = createError(
  'DRIFTLOG_PROXY',
  'This request came through a proxy, but the hub is open to its own machine alone. Set DRIFTLOG_PUBLIC_URL to the address of the proxy (tokens are demanded then).',
  403
)
export const CrossOriginError = createError(
  'DRIFTLOG_CROSS_ORIGIN',
  'Another web site sent this request. The hub answers its own page and programs only.',
  403
)
export const SameOriginError = createError(
  'DRIFTLOG_SAME_ORIGIN',
  'Who is logged in by cookie changes things from the page alone, and this request does not say that it comes from there. Programs send a token as "Authorization: Bearer TOKEN".',
  403
)

/** The last line of an export that is not everything; its status was sent long before. */
export const ExportLimitError = createError<[number]>(
  'DRIFTLOG_EXPORT_LIMIT',
  'The limit of %i records is reached. Raise it, or go on behind the cursor.',
  409
)
export const ExportStuckError = createError(
  'DRIFTLOG_EXPORT_STUCK',
  'The search runs out of time here. Ask for less, or raise DRIFTLOG_QUERY_BUDGET_MS.',
  409
)
export const UnreadableError = createError<[number, string]>(
  'DRIFTLOG_UNREADABLE',
  'Records are missing: %i parts can not be read (%s). "driftlog check" says more.',
  409
)

export const RequestBrokenError = createError(
  'DRIFTLOG_REQUEST_BROKEN',
  'What came is no HTTP/1.1 request.',
  400
)
export const PlainHttpError = createError(
  'DRIFTLOG_PLAIN_HTTP',
  'This port speaks https only. Put https:// before the address. If a token was sent with this request, it went over the network in clear: revoke it.',
  400
)
export const RequestSlowError = createError(
  'DRIFTLOG_REQUEST_SLOW',
  'The request did not arrive in time. Send it faster, or in smaller pieces.',
  408
)
export const HeadersTooLargeError = createError(
  'DRIFTLOG_HEADERS_TOO_LARGE',
  'Address and headers together are too long. Shorten the query.',
  431
)
export const BodyError = createError<[string]>('DRIFTLOG_BODY', '%s', 400)
export const BodyTooLargeError = createError('DRIFTLOG_BODY_TOO_LARGE', 'The body is too large.', 413)
export const MediaTypeError = createError(
  'DRIFTLOG_MEDIA_TYPE',
  'This route takes no body of that type.',
  415
)
export const UrlError = createError('DRIFTLOG_URL', 'The path can not be read.', 400)
export const ClosingError = createError(
  'DRIFTLOG_CLOSING',
  'The hub is being stopped. Try again when it is back.',
  503
)
export const NotReadyError = createError(
  'DRIFTLOG_NOT_READY',
  'The store takes no records now. GET /api/status says why.',
  503
)
export const InternalError = createError(
  'DRIFTLOG_INTERNAL',
  'Something went wrong inside the hub. Its log has the cause.',
  500
)

/** Stops the start; `message` names the variable and the way out. */
export class ConfigError extends Error {
  readonly code = 'DRIFTLOG_CONFIG'
}

/** The certificate can't be served; `message` names the file and the way out. */
export class CertificateError extends Error {
  readonly code = 'DRIFTLOG_TLS_CERTIFICATE'
}

/** The address could not be taken. */
export class ListenError extends Error {
  readonly code = 'DRIFTLOG_LISTEN'
}

/** What the grammar says of a text that is no query; `from` and `to` mark the place in it. */
export class QueryError extends Error {
  readonly code = 'DRIFTLOG_QUERY'
  readonly statusCode = 400
  readonly detail: string
  readonly from: number
  readonly to: number
  readonly fix?: string

  constructor(problem: { code: string; at: { from: number; to: number }; message: string; fix?: string }) {
    super(problem.message)
    this.detail = problem.code
    this.from = problem.at.from
    this.to = problem.at.to
    if (problem.fix !== undefined) this.fix = problem.fix
  }
}
