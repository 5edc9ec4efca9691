/** The time of a JSON line, by a scan over its top-level keys. */
import { pastBlanks, pastString, pastValue } from './level-json.ts'
import { isTimeKey, type Reader, valueTime } from './time-shapes.ts'

/** Keys behind this many bytes are not looked for. */
const SCAN_BYTES = 16 * 1024

/** False where no key of the object that begins at `from` says a time. */
export function jsonTime(b: Uint8Array, view: DataView, from: number, to: number, into: Reader): boolean {
  const end = Math.min(to, from + SCAN_BYTES)
  let i = from + 1
  for (;;) {
    i = pastBlanks(b, i, end)
    if (b[i] !== 34 || i >= end) return false
    const keyFrom = i + 1
    i = pastString(b, view, i, end)
    if (i > end) return false
    const keyTo = i - 1
    i = pastBlanks(b, i, end)
    if (b[i] !== 58) return false
    i = pastBlanks(b, i + 1, end)
    const valueFrom = i
    i = pastValue(b, view, i, end)
    const valueTo = Math.min(i, end)
    if (isTimeKey(b, keyFrom, keyTo)) {
      const quoted = b[valueFrom] === 34
      if (valueTime(b, view, quoted ? valueFrom + 1 : valueFrom, quoted ? valueTo - 1 : valueTo, into))
        return true
    }
    if (i > end) return false
    i = pastBlanks(b, i, end)
    if (b[i] !== 44) return false
    i++
  }
}
