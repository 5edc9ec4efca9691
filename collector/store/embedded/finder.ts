/** Finding an ASCII text in bytes, in any case (Horspool), and telling whether it stands there as a word. */

const LOWER = new Uint8Array(256).map((_, code) => (code >= 65 && code <= 90 ? code + 32 : code))

/** 1: part of an ASCII word. 2: no ASCII, so only the whole text tells. */
const SIDE = new Uint8Array(256).map((_, code) => {
  if (code > 127) return 2
  const lower = LOWER[code] ?? 0
  return (lower >= 97 && lower <= 122) || (code >= 48 && code <= 57) || code === 95 ? 1 : 0
})

export type As = 'word' | 'prefix' | 'anything'

export class Finder {
  readonly #pattern: Uint8Array
  readonly #shift: Uint8Array
  readonly #as: As

  /** `text`: ASCII in lower case, not empty. */
  constructor(text: string, as: As) {
    this.#pattern = Uint8Array.from(Buffer.from(text))
    this.#as = as
    const length = this.#pattern.length
    this.#shift = new Uint8Array(256).fill(Math.min(length, 255))
    for (let i = Math.max(0, length - 255); i < length - 1; i++) {
      const code = this.#pattern[i] ?? 0
      const shift = Math.min(length - 1 - i, 255)
      this.#shift[code] = shift
      if (code >= 97 && code <= 122) this.#shift[code - 32] = shift
    }
  }

  /** Place of the next occurrence that begins at or behind `from` and ends by `to`; −1 where there is none. */
  next(bytes: Uint8Array, from: number, to: number): number {
    const pattern = this.#pattern
    const shift = this.#shift
    const last = pattern.length - 1
    const end = pattern[last] as number
    let i = from + last
    while (i < to) {
      const byte = bytes[i] as number
      if (LOWER[byte] === end) {
        let j = last - 1
        let k = i - 1
        while (j >= 0 && LOWER[bytes[k] as number] === pattern[j]) {
          j--
          k--
        }
        if (j < 0) return i - last
      }
      i += shift[byte] as number
    }
    return -1
  }

  /** True where an occurrence at `at` ends by `to`. */
  fits(at: number, to: number): boolean {
    return at + this.#pattern.length <= to
  }

  /** What stands at `at`, within a row from `from` to `to`: 0 no word, 1 a word for certain, 2 the whole text tells. */
  judge(bytes: Uint8Array, at: number, from: number, to: number): 0 | 1 | 2 {
    if (this.#as === 'anything') return 1
    const before = at > from ? SIDE[bytes[at - 1] as number] : 0
    if (before === 1) return 0
    const end = at + this.#pattern.length
    const after = this.#as === 'prefix' || end >= to ? 0 : SIDE[bytes[end] as number]
    if (after === 1) return 0
    return before === 2 || after === 2 ? 2 : 1
  }
}
