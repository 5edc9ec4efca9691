/** Lines through the redaction, as a parse thread does it. */
import { ColumnsBuilder } from '../../../collector/parse/columns.ts'
import { type OpenKey, type Redaction, Redactor } from '../../../collector/parse/redact.ts'

export const BUILT_IN: Redaction = { builtIn: true, own: [] }

/** One line after the other, of one output. */
export function redaction(rules: Redaction = BUILT_IN, first: OpenKey = 'no') {
  const redactor = new Redactor()
  const open: OpenKey[] = [first, first, first]
  const builder = new ColumnsBuilder()
  return {
    redactor,
    /** What is stored of the line. */
    of(line: string): string {
      return Buffer.from(this.ofBytes(Buffer.from(line))).toString()
    },
    ofBytes(line: Uint8Array): Uint8Array {
      const from = BEFORE.length
      builder.textLength = 0
      builder.reserve(from + line.length)
      builder.text.set(BEFORE, 0)
      builder.text.set(line, from)
      builder.textLength = from
      const end = redactor.apply(rules, builder, from, from + line.length, open, 1)
      return builder.text.slice(from, end)
    }
  }
}

/** Of the record before; nothing of it may be looked at. */
const BEFORE = Buffer.from('password=')
