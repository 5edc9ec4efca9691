/** What the programs say of themselves: friendly lines on a terminal, JSON (one object a line) elsewhere. */
import { pino } from 'pino'
import { type Paint, paintFor, safeText } from './terminal.ts'

/** Logs to standard error, so that standard output stays free for answers. */
export function openLog(level: string, env: NodeJS.ProcessEnv) {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  if (!process.stderr.isTTY) return pino(options, pino.destination({ fd: 2, sync: true }))
  const paint = paintFor(process.stderr, env)
  return pino(options, { write: (line: string) => void process.stderr.write(friendlyLine(line, paint)) })
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
