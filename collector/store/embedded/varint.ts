/** Whole numbers in few bytes: 7 bits a byte, least first; signed ones zigzag. Numbers stay exact up to 2^53. */

/** Grows as it is written to. */
export class NumberWriter {
  #bytes = Buffer.allocUnsafeSlow(1 << 16)
  #at = 0

  clear(): void {
    this.#at = 0
  }

  unsigned(value: number): void {
    if (this.#at + 10 > this.#bytes.length) this.#grow()
    let rest = value
    while (rest > 127) {
      this.#bytes[this.#at++] = rest > 0x7fff_ffff ? (rest % 128) | 128 : (rest & 127) | 128
      rest = rest > 0x7fff_ffff ? Math.floor(rest / 128) : rest >>> 7
    }
    this.#bytes[this.#at++] = rest
  }

  signed(value: number): void {
    this.unsigned(value < 0 ? -value * 2 - 1 : value * 2)
  }

  /** What was written; valid until the next write. */
  taken(): Buffer {
    return this.#bytes.subarray(0, this.#at)
  }

  #grow(): void {
    const wide = Buffer.allocUnsafeSlow(this.#bytes.length * 2)
    this.#bytes.copy(wide)
    this.#bytes = wide
  }
}

/** `count` sums of signed differences, as NumberWriter wrote them: the loop that histograms spend their time in. */
export function readSums(bytes: Uint8Array, count: number): Float64Array {
  const sums = new Float64Array(count)
  let sum = 0
  let at = 0
  for (let i = 0; i < count; i++) {
    let byte = bytes[at++] as number
    let short = byte & 127
    let shift = 7
    while (byte > 127 && shift < 28) {
      byte = bytes[at++] as number
      short |= (byte & 127) << shift
      shift += 7
    }
    if (byte < 128) {
      // Nearly all are this short, and integers take a third of the time here that doubles take.
      sum += (short >> 1) ^ -(short & 1)
      sums[i] = sum
      continue
    }
    let value = short
    let scale = 2 ** 28
    while (byte > 127) {
      byte = bytes[at++] as number
      value += (byte & 127) * scale
      scale *= 128
    }
    sum += value % 2 === 1 ? -(value + 1) / 2 : value / 2
    sums[i] = sum
  }
  if (at > bytes.length) throw new RangeError('numbers end too early')
  return sums
}

/** Throws RangeError behind the end. */
export class NumberReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  unsigned(): number {
    const bytes = this.#bytes
    let byte = bytes[this.#at++]
    if (byte === undefined) throw new RangeError('numbers end too early')
    if (byte < 128) return byte
    let value = byte & 127
    let scale = 128
    do {
      byte = bytes[this.#at++]
      if (byte === undefined) throw new RangeError('numbers end too early')
      value += (byte & 127) * scale
      scale *= 128
    } while (byte > 127)
    return value
  }

  signed(): number {
    const value = this.unsigned()
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length
  }
}
