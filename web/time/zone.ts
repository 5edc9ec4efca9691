/** Wall clocks of IANA zones, by way of `Intl`: no table of our own can be out of date. */

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** What a clock on the wall shows. `month` counts from 1. */
export interface Wall {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  /** May hold a fraction. */
  millisecond: number
}

/** The moments at which a clock shows this: none in the hour that is left out, two in the one that comes twice. */
export type Moments =
  | { kind: 'one'; ms: number }
  | { kind: 'doubled'; first: number; second: number }
  /** `ms` is the moment at which the clock jumped over it. */
  | { kind: 'skipped'; ms: number }

export function momentsOf(wall: Wall, zone: string): Moments {
  const naive = naiveMs(wall)
  const before = offsetMs(naive - DAY_MS, zone)
  const after = offsetMs(naive + DAY_MS, zone)
  const hits = [...new Set([before, after])]
    .map((offset) => ({ offset, ms: naive - offset }))
    .filter((hit) => offsetMs(hit.ms, zone) === hit.offset)
    .map((hit) => hit.ms)
    .sort((a, b) => a - b)
  const [first, second] = hits
  if (first === undefined) return { kind: 'skipped', ms: changeBetween(naive - DAY_MS, naive + DAY_MS, zone) }
  if (second === undefined) return { kind: 'one', ms: first }
  return { kind: 'doubled', first, second }
}

export function wallOf(ms: number, zone: string): Wall {
  const shifted = new Date(ms + offsetMs(ms, zone))
  return {
    year: shifted.getUTCFullYear(),
    month: shifted.getUTCMonth() + 1,
    day: shifted.getUTCDate(),
    hour: shifted.getUTCHours(),
    minute: shifted.getUTCMinutes(),
    second: shifted.getUTCSeconds(),
    millisecond: shifted.getUTCMilliseconds()
  }
}

/** What the zone's clocks are ahead of UTC at this moment, in ms. */
export function offsetMs(ms: number, zone: string): number {
  if (zone === 'UTC') return 0
  const whole = Math.floor(ms / 1000) * 1000
  const part: Record<string, number> = {}
  for (const { type, value } of clockOf(zone).formatToParts(whole)) part[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part
  return naiveMs({ year, month, day, hour, minute, second, millisecond: 0 }) - whole
}

/** The first moment of the day that lies `days` after the one that `ms` is in. Days may last 23 or 25 hours. */
export function dayStart(ms: number, zone: string, days = 0): number {
  const wall = wallOf(ms, zone)
  const noon = new Date(Date.UTC(wall.year, wall.month - 1, wall.day + days, 12))
  const start = momentsOf(
    {
      year: noon.getUTCFullYear(),
      month: noon.getUTCMonth() + 1,
      day: noon.getUTCDate(),
      hour: 0,
      minute: 0,
      second: 0,
      millisecond: 0
    },
    zone
  )
  return start.kind === 'doubled' ? start.first : start.ms
}

/** `+02:00`, `+05:45`, `+00:00`. */
export function offsetText(ms: number, zone: string): string {
  const minutes = Math.round(offsetMs(ms, zone) / MINUTE_MS)
  const two = (n: number) => String(n).padStart(2, '0')
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`
}

/** `UTC`, or `UTC+02:00 Berlin`: never a zone without its offset at that moment. */
export function zoneText(ms: number, zone: string): string {
  if (zone === 'UTC') return 'UTC'
  return `UTC${offsetText(ms, zone)} ${zone.slice(zone.lastIndexOf('/') + 1).replaceAll('_', ' ')}`
}

export function isZone(zone: string): boolean {
  try {
    return zone !== '' && Boolean(clockOf(zone))
  } catch {
    return false
  }
}

/** Names in use today that browsers still list under the one before (Katmandu, Calcutta). */
const RENAMED = [
  'America/Nuuk',
  'Asia/Ho_Chi_Minh',
  'Asia/Kathmandu',
  'Asia/Kolkata',
  'Asia/Yangon',
  'Europe/Kyiv'
]

/** Every IANA zone that the browser knows, UTC first. */
export function zones(): string[] {
  const listed = [...Intl.supportedValuesOf('timeZone'), ...RENAMED.filter(isZone)]
  return ['UTC', ...[...new Set(listed)].filter((zone) => zone !== 'UTC').sort()]
}

export function browserZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'
}

/** A formatter takes 50 µs to make and 1 µs to use; there are as many as zones were asked for. */
const clocks = new Map<string, Intl.DateTimeFormat>()

function clockOf(zone: string): Intl.DateTimeFormat {
  let clock = clocks.get(zone)
  if (!clock) {
    clock = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric'
    })
    clocks.set(zone, clock)
  }
  return clock
}

function naiveMs(wall: Wall): number {
  const ms = Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second)
  return ms + wall.millisecond
}

/** The moment between two at which the offset changes, found to the second. */
function changeBetween(from: number, to: number, zone: string): number {
  let low = Math.floor(from / 1000)
  let high = Math.ceil(to / 1000)
  const start = offsetMs(low * 1000, zone)
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetMs(middle * 1000, zone) === start) low = middle
    else high = middle
  }
  return high * 1000
}
