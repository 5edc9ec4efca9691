/**
 * Lines that can be counted: each names its writer and its number and carries a check of both, so that a test
 * can tell which were lost, duplicated, reordered or altered.
 */
const PAYLOAD = 'GET /api/v1/orders/4711 200 in 12 ms, user 90210, "quoted" and <escaped> & 登录'

/** The line itself, without newline. `payload` may be replaced, e.g. by a long one. */
export function numbered(writer: string, number: number, payload = PAYLOAD): string {
  return `counted ${writer} ${number} ${check(number)} ${payload}`
}

/** The same line as an awk program for a container's busybox: prints numbers `from` … `to - 1`. */
export function awkProgram(
  writer: string,
  from: number,
  to: number,
  payload = 'a payload of usual length, GET /api 200'
): string {
  return `BEGIN{for(i=${from};i<${to};i++) print "counted ${writer} " i " " (i*7919+13)%100003 " ${payload}"}`
}

function check(number: number): number {
  return (number * 7919 + 13) % 100003
}

/** What was wrong with the lines of one writer. All zero and empty is what a test wants. */
export interface Count {
  lines: number
  /** Numbers of 0 … expected-1 that never came, as ranges [from, to]. */
  lost: [number, number][]
  lostLines: number
  duplicated: number
  reordered: number
  altered: number
}

/** Takes texts in the order of the answer and counts them by writer. `expected` says how many lines each wrote. */
export class LineCounter {
  readonly #seen = new Map<string, Uint8Array>()
  readonly #last = new Map<string, number>()
  readonly #counts = new Map<string, Count>()
  readonly #payloadOf: ((number: number) => string) | undefined
  #strangers = 0

  /** `payloadOf`: what follows in a line; not looked at where it is absent. */
  constructor(expected: Map<string, number>, payloadOf?: (number: number) => string) {
    this.#payloadOf = payloadOf
    for (const [writer, lines] of expected) {
      this.#seen.set(writer, new Uint8Array(lines))
      this.#counts.set(writer, { lines: 0, lost: [], lostLines: 0, duplicated: 0, reordered: 0, altered: 0 })
    }
  }

  add(text: string): void {
    const match = /^counted (\S+) (\d+) (\d+) (.*)$/s.exec(text)
    const [, writer = '', digits, sum, rest = ''] = match ?? []
    const count = this.#counts.get(writer)
    const flags = this.#seen.get(writer)
    if (!count || !flags) {
      if (text.includes('counted ')) this.#strangers++
      return
    }
    const number = Number(digits)
    count.lines++
    const wrong = this.#payloadOf !== undefined && rest !== this.#payloadOf(number)
    if (number >= flags.length || Number(sum) !== check(number) || wrong) {
      count.altered++
      return
    }
    if (flags[number]) count.duplicated++
    flags[number] = 1
    if (number < (this.#last.get(writer) ?? -1)) count.reordered++
    this.#last.set(writer, number)
  }

  /** To be asked once, when everything was added. */
  counts(): Map<string, Count> {
    for (const [writer, flags] of this.#seen) {
      const count = this.#counts.get(writer)
      if (!count) continue
      for (let from = flags.indexOf(0); from >= 0; ) {
        let to = from
        while (to + 1 < flags.length && flags[to + 1] === 0) to++
        count.lost.push([from, to])
        count.lostLines += to - from + 1
        from = flags.indexOf(0, to + 1)
      }
      count.altered += this.#strangers
    }
    return this.#counts
  }
}

/** The same for texts that are all there. */
export function countLines(
  texts: Iterable<string>,
  expected: Map<string, number>,
  payload?: string
): Map<string, Count> {
  const counter = new LineCounter(expected, payload === undefined ? undefined : () => payload)
  for (const text of texts) counter.add(text)
  return counter.counts()
}

/** What every test that counts expects: each line once, in order, as it was written. */
export const PERFECT = { lost: [], lostLines: 0, duplicated: 0, reordered: 0, altered: 0 }
