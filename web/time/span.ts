/** Lengths of time as people write them: `15m`, `1h30m`, `3 hours`, `15分钟`. */

const UNIT_SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const
export type Unit = keyof typeof UNIT_SECONDS

const NAMES: Record<Unit, string> = {
  s: 's|secs?|seconds?|秒钟?',
  m: 'm|mins?|minutes?|分钟?',
  h: 'h|hrs?|hours?|个?小时|个?钟头',
  d: 'd|days?|天|日',
  w: 'w|weeks?|周|个?星期|个?礼拜'
}

const ONE = Object.entries(NAMES)
  .map(([unit, names]) => `(?<${unit}>${names})`)
  .join('|')
const PIECE = new RegExp(`(?<count>\\d{1,6}(?:\\.\\d+)?)\\s*(?:${ONE})(?![a-z])`, 'giy')
const LETTERS: readonly Unit[] = ['w', 'd', 'h', 'm', 's']

/** Seconds, or undefined where the text is not exactly a length of time greater than zero. */
export function secondsOf(text: string): number | undefined {
  const spaced = text.trim()
  let seconds = 0
  let at = 0
  while (at < spaced.length) {
    PIECE.lastIndex = at
    const groups = PIECE.exec(spaced)?.groups
    if (!groups) return undefined
    const unit = LETTERS.find((letter) => groups[letter] !== undefined)
    if (!unit) return undefined
    seconds += Number(groups['count']) * UNIT_SECONDS[unit]
    at = PIECE.lastIndex
    while (spaced[at] === ' ') at++
  }
  return seconds > 0 ? Math.round(seconds) : undefined
}

/** The shortest whole writing in one unit, as the hub reads it: 5400 → `90m`. */
export function spanText(seconds: number): string {
  const { count, unit } = spanOf(seconds)
  return `${count}${unit}`
}

export function spanOf(seconds: number): { count: number; unit: Unit } {
  // 24 h and 7 d read better than 1 d and 1 w in a choice of ranges, and 48h better than 2880m.
  const unit = LETTERS.find((letter) => {
    const count = seconds / UNIT_SECONDS[letter]
    return Number.isInteger(count) && (count > 1 || letter === 'h' || letter === 'm' || letter === 's')
  })
  return { count: seconds / UNIT_SECONDS[unit ?? 's'], unit: unit ?? 's' }
}
