/** Fields of access logs: common, combined and what servers make of them, Envoy, HAProxy, Gin, Morgan, Uvicorn. */
import type { FieldSet } from './field-set.ts'
import { scalarOf } from './json-fields.ts'

/** Adds what it finds, and says where it ends; -1 where the line is no access log. */
export function addAccessFields(line: string, set: FieldSet): number {
  for (const { pattern, read } of LAYOUTS) {
    const match = pattern.exec(line)
    if (!match) continue
    read(match.groups ?? {}, set)
    const { rest = '' } = match.groups ?? {}
    return match[0].length - rest.length + quotedLength(rest)
  }
  return -1
}

/** Names that stand nowhere in the lines that have these fields, but one of ACCESS_MARKS does. */
export const ACCESS_NAMES: ReadonlySet<string> = new Set(
  `client status bytes request method path protocol referrer agent router upstream upstream_name upstream_status
  upstream_ms duration_ms request_id forwarded_for frontend backend server termination response_flags received_bytes`.split(
    /\s+/
  )
)

/** In lower case: what an access log has at least one of. */
export const ACCESS_MARKS: readonly string[] = ['http/', '] "', '[gin]', ' "<badreq>"'].concat(
  ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'].map((method) => `${method} /`)
)

type Groups = Record<string, string | undefined>

interface Layout {
  pattern: RegExp
  read(groups: Groups, set: FieldSet): void
}

const REQUEST = String.raw`"(?<request>(?:[^"\\]|\\.){0,8192})"`

const LAYOUTS: readonly Layout[] = [
  {
    pattern: new RegExp(
      String.raw`^(?:(?<host>[\w.-]+(?::\d+)?) )?(?<client>[\w.:-]+) (?<ident>\S+) (?<user>\S+) \[(?<time>\d\d/[A-Z][a-z]{2}/\d{4}:[\d:]{8} [+-]\d{4})\] ${REQUEST} (?<status>\d{3}) (?<bytes>\d+|-)(?<rest> .*)?$`
    ),
    read: readCombined
  },
  {
    // Envoy, and Istio with three more columns.
    pattern: new RegExp(
      String.raw`^\[(?<time>\d{4}-\d\d-\d\dT[^\]\s]+)\] ${REQUEST} (?<status>\d{3}) (?<response_flags>\S+) (?:\S+ \S+ "[^"]*" )?(?<received_bytes>\d+) (?<bytes>\d+) (?<duration_ms>\d+) (?<upstream_ms>\d+|-) "(?<forwarded_for>[^"]*)" "(?<agent>[^"]*)" "(?<request_id>[^"]*)" "(?<host>[^"]*)" "(?<upstream>[^"]*)"`
    ),
    read: readPlain
  },
  {
    pattern: new RegExp(
      String.raw`^(?:.{0,64}? )?(?:(?<program>haproxy)\[(?<pid>\d+)\]: )?(?<client>[\da-fA-F.:]+):\d+ \[(?<time>\d\d/[A-Z][a-z]{2}/\d{4}:[\d:.]+)\] (?<frontend>\S+) (?<backend>[^\s/]+)/(?<server>\S+) (?<timers>-?\d+(?:/[+-]?\d+){4}) (?<status>-?\d{1,3}) \+?(?<bytes>\d+) \S+ \S+ (?<termination>\S{4}) \S+ \S+(?: \{[^}]*\}){0,2} ${REQUEST}`
    ),
    read: readHaproxy
  },
  {
    pattern:
      /^\[GIN\] (?<time>\d{4}\/\d\d\/\d\d - [\d:]{8}) \|\s*(?<status>\d{3}) \|\s*(?<took>\S+) \|\s*(?<client>\S+) \|\s*(?<method>[A-Z]+)\s+"(?<path>[^"]*)"/,
    read: readPlain
  },
  {
    pattern:
      /^(?<method>GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (?<path>\/\S*) (?<status>[1-5]\d\d) (?<took>[\d.]+ ?m?s)(?: - (?<bytes>\d+|-))?$/,
    read: readPlain
  },
  {
    pattern: new RegExp(
      String.raw`^(?<level>[A-Z]+):\s{1,8}(?<client>[\da-fA-F.:[\]]+):\d+ - ${REQUEST} (?<status>\d{3})(?: |$)`
    ),
    read: readPlain
  }
]

/** Referrer and agent hold pairs that are none. */
function quotedLength(rest: string): number {
  return REFERRER_AND_AGENT.exec(rest)?.[0].length ?? 0
}

const REFERRER_AND_AGENT = /^ "((?:[^"\\]|\\.){0,8192})" "((?:[^"\\]|\\.){0,8192})"/

function readPlain(groups: Groups, set: FieldSet): void {
  const { request, took, ...others } = groups
  for (const [name, value] of Object.entries(others)) add(set, name, value)
  if (request !== undefined) addRequest(set, request)
  if (took !== undefined) addDuration(set, took)
}

function addRequest(set: FieldSet, request: string): void {
  const match = /^([A-Z][A-Z-]{1,31}) (\S+)(?: (HTTP\/[\d.]+))?$/.exec(request)
  if (!match) {
    add(set, 'request', request)
    return
  }
  const [, method, path, protocol] = match
  add(set, 'method', method)
  add(set, 'path', path)
  add(set, 'protocol', protocol)
}

function readCombined(groups: Groups, set: FieldSet): void {
  const { request = '', rest = '', ident: _, ...others } = groups
  for (const [name, value] of Object.entries(others)) add(set, name, value)
  addRequest(set, request)
  const quoted = REFERRER_AND_AGENT.exec(rest)
  if (quoted) {
    add(set, 'referrer', quoted[1])
    add(set, 'agent', quoted[2])
  }
  addExtras(set, rest.slice(quoted?.[0].length ?? 0))
}

/** Traefik: count, router, server, time. ingress-nginx: length, time, upstream … Nginx: times in seconds. */
function addExtras(set: FieldSet, extras: string): void {
  const traefik = /^ (\d+) "([^"]*)" "([^"]*)" (\d+)ms/.exec(extras)
  if (traefik) {
    add(set, 'router', traefik[2])
    add(set, 'upstream', traefik[3])
    add(set, 'duration_ms', traefik[4])
    return
  }
  const ingress = /^ (\d+) ([\d.]+) \[([^\]]*)\] \[[^\]]*\] (\S+) (\S+) (\S+) (\S+)(?: (\S+))?/.exec(extras)
  if (ingress) {
    addDuration(set, `${ingress[2]}s`)
    add(set, 'upstream_name', ingress[3])
    add(set, 'upstream', ingress[4])
    add(set, 'upstream_status', ingress[7])
    add(set, 'request_id', ingress[8])
    return
  }
  const forwarded = /^ "([^"]*)"/.exec(extras)
  if (forwarded) add(set, 'forwarded_for', forwarded[1])
  const times = /^ (\d+\.\d{3})(?: (\d+\.\d{3}|-))?(?: |$)/.exec(extras.slice(forwarded?.[0].length ?? 0))
  if (!times) return
  addDuration(set, `${times[1]}s`)
  if (times[2] !== undefined && times[2] !== '-')
    add(set, 'upstream_ms', String(milliseconds(`${times[2]}s`)))
}

function readHaproxy(groups: Groups, set: FieldSet): void {
  const { timers = '', ...others } = groups
  readPlain(others, set)
  add(set, 'duration_ms', timers.split('/').at(-1)?.replace('+', ''))
}

function addDuration(set: FieldSet, took: string): void {
  const ms = milliseconds(took)
  if (ms !== undefined) set.add('duration_ms', ms)
}

/** `0.123s`, `1.5ms`, `12µs`, as whole microseconds allow. */
function milliseconds(text: string): number | undefined {
  const match = /^([\d.]+) ?(s|ms|µs|us|ns)$/.exec(text)
  if (!match) return undefined
  const [, number = '', unit = 's'] = match
  const factor = { s: 1e6, ms: 1e3, µs: 1, us: 1, ns: 1e-3 }[unit] ?? 1
  const micros = Math.round(Number(number) * factor)
  return Number.isFinite(micros) ? micros / 1000 : undefined
}

/** What a server writes where it knows nothing is left out. */
function add(set: FieldSet, name: string, value: string | undefined): void {
  if (value !== undefined && value !== '-' && value !== '') set.add(name, scalarOf(value))
}
