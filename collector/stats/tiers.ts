/** Three tiers: samples as they came, minutes, hours. Each is kept for a time of its own. */

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

export interface Tier {
  name: 'samples' | 'minutes' | 'hours'
  /** First letter of its keys. */
  letter: string
  /** What one of its rows covers; samples have no step of their own. */
  rowMs: number
  /** What one of its blocks covers. */
  blockMs: number
}

export const SAMPLES: Tier = { name: 'samples', letter: 's', rowMs: 1000, blockMs: 10 * MINUTE_MS }
export const MINUTES: Tier = { name: 'minutes', letter: 'm', rowMs: MINUTE_MS, blockMs: 2 * HOUR_MS }
export const HOURS: Tier = { name: 'hours', letter: 'h', rowMs: HOUR_MS, blockMs: DAY_MS }
export const TIERS = [SAMPLES, MINUTES, HOURS] as const

/** How long each tier is kept; see the options DRIFTLOG_STATS_…. */
export interface StatsRetention {
  samplesMs: number
  minutesMs: number
  hoursMs: number
}

export function keptMs(tier: Tier, retention: StatsRetention): number {
  return { samples: retention.samplesMs, minutes: retention.minutesMs, hours: retention.hoursMs }[tier.name]
}

/** Digits enough for any time that has a date. */
const TIME_DIGITS = 16

/** Blocks of one tier stand in the order of their time, so that retention cuts them off in front. */
export function blockKey({ letter, blockMs }: Tier, atMs: number, subject: string): string {
  return `${timeKey(letter, Math.floor(atMs / blockMs) * blockMs)}${subject}`
}

export function timeKey(letter: string, atMs: number): string {
  return `${letter}/${String(Math.max(0, Math.floor(atMs))).padStart(TIME_DIGITS, '0')}/`
}

/** The coarsest tier that can show `stepMs`, or one that still has what is asked for; `stepMs` grows with it. */
export function tierFor(
  fromMs: number,
  stepMs: number,
  nowMs: number,
  retention: StatsRetention
): { tier: Tier; stepMs: number } {
  const fitting = TIERS.filter(({ rowMs }) => rowMs <= stepMs).length
  for (const tier of TIERS.slice(Math.max(0, fitting - 1))) {
    if (tier !== HOURS && fromMs < nowMs - keptMs(tier, retention)) continue
    return { tier, stepMs: Math.ceil(Math.max(stepMs, tier.rowMs) / tier.rowMs) * tier.rowMs }
  }
  return { tier: HOURS, stepMs: Math.ceil(stepMs / HOUR_MS) * HOUR_MS }
}
