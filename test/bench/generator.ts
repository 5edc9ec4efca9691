/**
 * Real-looking container logs, the same for the same seed: 40 apps on 20 hosts, 300 live containers that are
 * replaced now and then, seven formats, about 9 % warnings and 1 % errors, request ids that never repeat, names
 * without digits that vary, and a needle now and then. Texts are about 120 bytes on average.
 */
export interface Line {
  container: number
  app: string
  host: string
  timeMs: number
  error: boolean
  text: string
}

export interface Workload {
  apps: string[]
  hosts: string[]
  /** Ids that stand in exactly one line each. */
  needles: string[]
  lines(): Generator<Line>
}

const APPS =
  'checkout billing auth gateway catalog search cart orders payments shipping users sessions mailer notifier reports metrics ingest scheduler worker thumbnailer proxy edge cache database broker registry etl analytics images compute sshd cron fraud pricing recommender inventory webhooks audit exporter legacy'.split(
    ' '
  )
const NAMES =
  'amelia bruno chiara dmitri elif farah goran hana ines jonas karim lucia marek nadia oscar petra quentin rosa samir tomas ursula viktor wanda xenia yusuf zofia'.split(
    ' '
  )
const VERBS =
  'accepted queued shipped refunded reserved cancelled archived validated rendered indexed synced expired renewed merged'.split(
    ' '
  )
const THINGS =
  'order invoice session basket parcel coupon document thumbnail subscription payout shipment ticket profile export'.split(
    ' '
  )
const PATHS = [
  '/api/v1/orders',
  '/api/v1/users/',
  '/healthz',
  '/api/v2/cart/items',
  '/static/js/app.',
  '/login',
  '/api/v1/search?q=',
  '/metrics',
  '/api/v1/payments/',
  '/ws'
]
const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/124.0',
  'curl/8.5.0',
  'Go-http-client/1.1',
  'kube-probe/1.29',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4)'
]
const WARNINGS = [
  'pool exhausted, waiting',
  'slow query on table',
  'retrying after transient failure of',
  'deprecated option used by',
  'queue is filling up for',
  'certificate expires soon for'
]
const FAILURES = [
  'cannot write',
  'unexpected end of input in',
  'constraint violated by',
  'no route to',
  'failed to decode',
  'lock lost on'
]

const ALL_FORMATS = [0, 1, 2, 3, 4, 5, 6]

/** `formats`: which of the seven, in message(); an app writes one of them. */
export function workload(
  count: number,
  options: { seed?: number; startMs: number; spanMs: number; formats?: readonly number[] }
): Workload {
  const random = sfc32(options.seed ?? 1)
  const formats = options.formats ?? ALL_FORMATS
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const int = (below: number) => Math.floor(random() * below)
  const hex = (digits: number) => {
    let out = ''
    while (out.length < digits)
      out += Math.floor(random() * 0x100000000)
        .toString(16)
        .padStart(8, '0')
    return out.slice(0, digits)
  }
  const hosts = Array.from(
    { length: 20 },
    (_, index) => `docker-${['fra', 'ams', 'iad', 'sfo'][index % 4]}-${String(index + 1).padStart(2, '0')}`
  )
  const addresses = Array.from({ length: 600 }, () => `10.${int(32)}.${int(256)}.${1 + int(254)}`)
  const needles: string[] = []
  const slots = Array.from({ length: 300 }, (_, slot) => ({
    app: slot < APPS.length ? slot : zipf(random(), APPS.length),
    host: int(20),
    container: slot,
    until: 0
  }))
  let containers = slots.length

  function* lines(): Generator<Line> {
    for (let n = 0; n < count; n++) {
      const now = options.startMs + Math.floor((n / count) * options.spanMs)
      const slot = slots[zipf(random(), slots.length)] as (typeof slots)[number]
      if (now > slot.until) {
        if (slot.until > 0) slot.container = containers++
        slot.until = now + (6 + 30 * random()) * 3_600_000
        if (random() < 0.3) slot.host = int(20)
      }
      const timeMs = now - (int(8) === 0 ? int(1500) : 0)
      const app = APPS[slot.app] as string
      const draw = random()
      const level = draw < 0.012 ? 'error' : draw < 0.1 ? 'warn' : draw < 0.2 ? 'debug' : 'info'
      let text = message(formats[slot.app % formats.length] ?? 0, app, level, timeMs)
      if (n % 1_000_003 === 5) {
        const needle = hex(16)
        needles.push(needle)
        text += ` request_id=${needle}`
      }
      yield {
        container: slot.container,
        app,
        host: hosts[slot.host] as string,
        timeMs,
        error: level === 'error',
        text
      }
    }
  }

  function sentence(level: string): string {
    const draw = random()
    if (draw < 0.0006)
      return `dial tcp ${pick(addresses)}:${pick([5432, 6379, 9092, 8080])}: connect: connection refused`
    if (draw < 0.0016) return `upstream request timeout after ${1000 * (1 + int(30))} ms`
    if (level === 'error')
      return `${pick(FAILURES)} ${pick(THINGS)} ${hex(8)} of ${pick(NAMES)}: code=${int(600)}`
    if (level === 'warn') return `${pick(WARNINGS)} ${pick(THINGS)} ${int(100000)} (${int(900)} ms)`
    return `${pick(THINGS)} ${int(1_000_000)} ${pick(VERBS)} for user=${pick(NAMES)} in ${int(4000)} ms, ${int(64)} items from ${pick(addresses)}`
  }

  function message(format: number, app: string, level: string, timeMs: number): string {
    const time = new Date(timeMs).toISOString()
    switch (format) {
      case 0:
        return `{"level":"${level}","time":"${time}","pid":${int(9) + 1},"name":"${app}","reqId":"${hex(16)}","msg":${JSON.stringify(sentence(level))}}`
      case 1:
        return `level=${level} ts=${time} caller=${app}/main.go:${int(400)} msg="${sentence(level)}"${int(2) ? ` trace_id=${hex(32)}` : ''}`
      case 2: {
        const status =
          level === 'error' ? pick([500, 502, 503]) : level === 'warn' ? 404 : pick([200, 200, 200, 304, 201])
        const path = pick(PATHS)
        return `${pick(addresses)} - - [${time}] "${pick(['GET', 'GET', 'POST'])} ${path}${path.endsWith('/') || path.endsWith('=') ? int(1e6) : ''} HTTP/1.1" ${status} ${int(60000)} "-" "${pick(AGENTS)}" rid=${hex(16)}`
      }
      case 3:
        return `${time} ${level.toUpperCase().padEnd(5)} [${pick(THINGS)}-${int(16)}] com.acme.${app}.Service - ${sentence(level)}`
      case 4:
        return `[${level}] ${sentence(level)}`
      case 5:
        return `${level === 'info' ? 'I' : level === 'warn' ? 'W' : level === 'error' ? 'E' : 'D'} ${app}: ${sentence(level)}`
      default:
        return `${int(4) ? '' : `[req-${hex(16)}] `}${sentence(level)}`
    }
  }

  return { apps: APPS, hosts, needles, lines }
}

/** The record that dockerd's json-file driver would write for this line, newline included. */
export function dockerRecord(text: string, output: 'stdout' | 'stderr', timeMs: number, nanos = 0): string {
  const log = JSON.stringify(`${text}\n`).replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)
  const fraction = (String(timeMs % 1000).padStart(3, '0') + String(nanos).padStart(6, '0')).replace(
    /0+$/,
    ''
  )
  const time = `${new Date(timeMs).toISOString().slice(0, 19)}${fraction ? `.${fraction}` : ''}Z`
  return `{"log":${log},"stream":"${output}","time":"${time}"}\n`
}

/** Small numbers are likelier: a few apps write most of the lines. */
function zipf(draw: number, n: number): number {
  return Math.min(n - 1, Math.floor(n ** draw) - 1 + (draw > 0.98 ? 1 : 0))
}

/** Chris Doty-Humphrey's small fast counting generator (PractRand). Uniform in [0, 1). */
export function sfc32(seed: number): () => number {
  let a = 0x9e3779b9
  let b = 0x243f6a88
  let c = 0xb7e15162
  let d = seed | 0
  const next = () => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return (t >>> 0) / 4294967296
  }
  for (let i = 0; i < 12; i++) next()
  return next
}
