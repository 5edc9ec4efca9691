/** What the programs say of themselves: friendly lines on a terminal, JSON (one object a line) elsewhere. */
import { pino } from 'pino'
import { type Paint, paintFor, safeText } from './terminal.ts'

/** Logs to standard error, so that standard output stays free for answers. */
export function openLog(level: string, env: NodeJS.ProcessEnv) {
  const options = {
    ...{ level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    hooks: { streamWrite: withoutSecrets }
  }
  if (!process.stderr.isTTY) return pino(options, pino.destination({ fd: 2, sync: true }))
  const paint = paintFor(process.stderr, env)
  return pino(options, { write: (line: string) => void process.stderr.write(friendlyLine(line, paint)) })
}

/**
 * Whatever a message or an error quotes: no token, key or login reaches the log. A token's id may: it names the token
 * when it is to be revoked.
 */
export function withoutSecrets(line: string): string {
  return line
    .replace(/\b(dl[rdjak]_(?:[0-9a-f]{16}_)?)[\w-]{32,}/g, '$1…')
    .replace(/\b(driftlog-[0-9a-f]{8}=)[\w-]+/g, '$1…')
    .replace(/\b(whsec_)[\w+/=-]+/g, '$1…')
    .replace(/\b(Bearer )[^\s"'\\]+/gi, '$1…')
}

const LEVELS: Record<string, readonly [string, Parameters<Paint>[0]]> = {
  10: ['trace', 'dim'],
  20: ['debug', 'dim'],
  30: ['info', 'green'],
  40: ['warn', 'yellow'],
  50: ['error', 'red'],
  60: ['fatal', 'red']
}

/** `{"level":40,"time":…,"path":"/x","msg":"what happened"}` → `15:04:05 warn what happened path=/x` */
export function friendlyLine(line: string, paint: Paint): string {
  const { level, time, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>
  const [name, style] = LEVELS[String(level)] ?? ['log', 'dim']
  const clock = paint('dim', new Date(String(time)).toTimeString().slice(0, 8))
  const rest = Object.entries(fields).map(
    ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`
  )
  const reason = isRecord(err) ? ` (${String(err['message'] ?? err['type'])})` : ''
  return `${clock} ${paint(style, name.padEnd(5))} ${safeText(String(msg ?? '') + reason, false)}${paint('dim', safeText(rest.join(''), false))}\n`
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
