/** One entry of the host's journal, as `journalctl -o json` writes it. */

export interface Entry {
  cursor: string
  /** RFC 3339 in UTC, nine digits of a second. */
  time: string
  unit: string
  /** A container's own line, which the engine gives too. */
  ofContainer: boolean
  /** 0 (emergency) to 7 (debug), where it has one. */
  priority: string | undefined
  text: Buffer
}

/** The fields that are asked for, beside those that always come. */
export const FIELDS = [
  'MESSAGE',
  'PRIORITY',
  '_SYSTEMD_UNIT',
  'UNIT',
  '_TRANSPORT',
  'SYSLOG_IDENTIFIER',
  'CONTAINER_ID_FULL'
]

/** Undefined where the line is none. */
export function entryOf(line: Buffer): Entry | undefined {
  let found: Record<string, unknown>
  try {
    found = JSON.parse(line.toString()) as Record<string, unknown>
  } catch {
    return undefined
  }
  const cursor = textOf(found['__CURSOR'])
  const micros = Number(textOf(found['__REALTIME_TIMESTAMP']))
  if (!cursor || !Number.isSafeInteger(micros)) return undefined
  return {
    cursor,
    time: timeOf(micros),
    unit: unitOf(found),
    ofContainer: found['CONTAINER_ID_FULL'] !== undefined,
    priority: /^[0-7]$/.exec(textOf(found['PRIORITY']) ?? '')?.[0],
    text: bytesOf(found['MESSAGE'])
  }
}

/** What systemd itself says of a unit belongs to that unit. */
function unitOf(found: Record<string, unknown>): string {
  if (textOf(found['_TRANSPORT']) === 'kernel') return 'kernel'
  const unit = textOf(found['_SYSTEMD_UNIT'])
  const spokenOf = textOf(found['UNIT'])
  if (spokenOf && (unit === undefined || unit === 'init.scope')) return spokenOf
  return unit ?? textOf(found['SYSLOG_IDENTIFIER']) ?? 'unknown'
}

/** A field that an entry has several times is a list. */
function textOf(value: unknown): string | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : value
  return typeof first === 'string' && first !== '' ? first : undefined
}

/** Text, bytes that are none as a list of numbers, or a list of such where the entry has several messages. */
function bytesOf(message: unknown): Buffer {
  if (typeof message === 'string') return Buffer.from(message)
  if (!Array.isArray(message)) return Buffer.alloc(0)
  if (message.every((one) => typeof one === 'number')) return Buffer.from(message as number[])
  return Buffer.from(message.map((one) => bytesOf(one).toString('latin1')).join('\n'), 'latin1')
}

function timeOf(micros: number): string {
  const seconds = new Date(Math.floor(micros / 1000)).toISOString().slice(0, 19)
  return `${seconds}.${String(micros % 1_000_000).padStart(6, '0')}000Z`
}
