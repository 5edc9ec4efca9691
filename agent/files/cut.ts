/**
 * Where reading may jump ahead in a log file: behind a whole record, and before one that does not look like the
 * continuation of another (the rest of a long line, a line of a stack trace), so that no record is cut in two.
 */
import type { PlainFile } from './source.ts'

/** So much of the newest is delivered first. */
const TAIL_BYTES = 256 * 1024
const NEWLINE = 10

/** A place within the last 256 KiB of a file of this length; undefined where there is none. */
export function cutNear(file: Pick<PlainFile, 'readAt'>, bytes: number): number | undefined {
  const from = Math.max(0, bytes - TAIL_BYTES)
  const buffer = Buffer.allocUnsafe(Math.min(TAIL_BYTES, bytes))
  const tail = buffer.subarray(0, file.readAt(buffer, from))
  const cut = cutIn(tail)
  return cut === undefined ? undefined : from + cut
}

/** The first place in the bytes, whole lines of a log from somewhere on, at which it may be cut. */
export function cutIn(tail: Buffer): number | undefined {
  /** By output: whether its last line was a record's end. Unknown until one was seen. */
  const whole = new Map<string, boolean>()
  let start = tail.indexOf(NEWLINE) + 1
  let seen = 0
  while (start > 0 && start < tail.length) {
    const newline = tail.indexOf(NEWLINE, start)
    if (newline < 0) return undefined
    const line = tail.toString('latin1', start, newline)
    const { output, text, ended } = partsOf(line)
    if (seen >= LOOK_BACK_LINES && [...whole.values()].every(Boolean) && beginsRecord(text)) return start
    whole.set(output, ended)
    seen++
    start = newline + 1
  }
  return undefined
}

/** After so many lines the unfinished line of an output that writes seldom would have shown its rest. */
const LOOK_BACK_LINES = 16

/** A line of Docker's JSON, or of plain text. */
function partsOf(line: string): { output: string; text: string; ended: boolean } {
  const docker = /^\{"log":"(.*)","stream":"(stdout|stderr)",/.exec(line)
  if (!docker) return { output: '', text: line, ended: true }
  const [, text = '', output = ''] = docker
  return { output, text, ended: text.endsWith('\\n') }
}

/** Not what follows in a stack trace or in a text of several lines: a blank, a bracket's end, `at `, `Caused by:`. */
function beginsRecord(text: string): boolean {
  return /^(?!at |Caused by|Suppressed|Traceback|goroutine |During handling|The above)[A-Za-z0-9[{<"'/*$#]/.test(
    text
  )
}
