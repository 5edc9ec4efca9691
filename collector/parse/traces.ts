/**
 * Which lines of text belong together: stack traces and crash reports of Java, Python, Node.js, Go, .NET, Ruby, PHP and
 * Rust, blocks in brackets, and lists below a line that ends with a colon. A small machine that looks at one line after
 * the other; what it says depends on nothing but the lines since the event began.
 */
import { isPeculiar, isStructured, lastOf, mayFollow } from './trace-bytes.ts'
import {
  AT_CALL,
  AT_NAMED,
  AT_PLACE,
  AT_SPACED,
  CAUSE,
  CONSOLE,
  CRASH,
  DOTTED,
  FIELD,
  FRESH,
  GO_BEGIN,
  GO_FURTHER,
  GO_NAME,
  GO_PLACE,
  GO_SERVED,
  GROUP,
  HEADER,
  INDENTED,
  INNER,
  MORE,
  NAMED_CAUSE,
  PHP_ERROR,
  PHP_FURTHER,
  PRINTED,
  PYTHON_CHAIN,
  PYTHON_DETAIL,
  PYTHON_FILE,
  PYTHON_INTRO,
  PYTHON_THROWN,
  PYTHON_WARNING,
  REPEATED,
  RUBY_FRAME,
  RUBY_FURTHER,
  RUBY_NAMED,
  RUST_BEGIN,
  RUST_FURTHER,
  SECOND_LINE,
  SOURCE,
  TAGS_ONLY,
  THREAD,
  TRACEBACK,
  TWO_LINED
} from './trace-shapes.ts'

/** What a line is to the event that is open. */
export const STEP = {
  /** Does not belong to it. */
  ends: 0,
  /** Belongs to it if a line that surely does comes soon. */
  may: 1,
  joins: 2,
  /** Belongs to it, and nothing more does. */
  closes: 3
} as const
export type Step = (typeof STEP)[keyof typeof STEP]

type Stage =
  | 'intro'
  | 'header'
  | 'frames'
  | 'python'
  | 'python-end'
  | 'python-between'
  | 'group'
  | 'go'
  | 'ruby'
  | 'php'
  | 'rust'
  | 'block'
  | 'indented'
  | 'console'
  | 'source'
  | 'raised'
  | 'marked'
  | 'two-lined'
  | 'warning'
  | 'printed'
  | 'yaml'
  | 'table'
  | 'failed'

/** Where in an event the reading stands. */
export interface Trace {
  stage: Stage
  /** A bracket or a colon is open, or a goroutine was there: other lines belong to it than before. */
  open: boolean
  /** There are frames: this is a stack trace, whatever its first line says. */
  frames: boolean
  /** Lines that may belong to it, since the last one that does. */
  doubtful: number
}

/** Index into LEVELS: what is as bad as this may introduce a trace. */
const WARN = 4
/** Lines in doubt that are held at most. */
const MOST_DOUBTFUL = 12
/** Characters of a line that are looked at. */
const LOOK_CHARS = 400

/** The event that the line b[from, to) may begin; undefined for the ordinary line. */
export function opening(
  b: Uint8Array,
  view: DataView,
  from: number,
  to: number,
  level: number
): Trace | undefined {
  if (!isPeculiar(b, view, from, to, level)) {
    const alone = level < WARN || to === from || isStructured(b, from, to)
    return alone ? undefined : { stage: 'intro', open: false, frames: false, doubtful: 0 }
  }
  const stage = stageOf(lineText(b, from, to), level)
  if (stage === undefined) return undefined
  const last = lastOf(b, from, to)
  const goroutine = stage === 'go' && b[from] === 103
  const open =
    goroutine ||
    stage === 'block' ||
    (stage === 'frames' && last === 123) ||
    (colonOpens(stage) && last === 58)
  const frames = goroutine || stage === 'frames' || stage === 'ruby' || stage === 'php'
  return { stage, open, frames, doubtful: 0 }
}

/** What follows a colon belongs to it. */
function colonOpens(stage: Stage): boolean {
  return stage === 'intro' || stage === 'rust'
}

/** What the line b[from, to) is to the event. Moves `trace` on. */
export function step(trace: Trace, b: Uint8Array, view: DataView, from: number, to: number): Step {
  const first = b[from] as number
  // No continuation begins with a digit or an object but those that are indented.
  if (to > from && ((first >= 48 && first <= 57) || first === 123)) return STEP.ends
  if (trace.stage === 'intro' && to > from && !mayFollow(b, view, from, to)) return STEP.ends
  const result = to > from ? stepOf(trace, lineText(b, from, to)) : blankStep(trace)
  if (result !== STEP.may) trace.doubtful = 0
  else if (++trace.doubtful > MOST_DOUBTFUL) return STEP.ends
  return result
}

/** A line as it is looked at: its beginning, one character a byte, without colours. */
function lineText(b: Uint8Array, from: number, to: number): string {
  const length = Math.min(to - from, LOOK_CHARS)
  const text = Buffer.from(b.buffer, b.byteOffset + from, length).toString('latin1')
  return text.includes('\x1b') ? text.replace(COLOURS, '') : text
}

const COLOURS = /\x1b\[[0-9;]*m/g

function stageOf(s: string, level: number): Stage | undefined {
  if (GROUP.test(s)) return 'group'
  if (TRACEBACK.test(s)) return 'python'
  if (PYTHON_FILE.test(s)) return 'python'
  if (isAtFrame(s)) return 'frames'
  if (PHP_ERROR.test(s) || s.startsWith('Process terminated. ')) return 'header'
  if (HEADER.test(s) || NAMED_CAUSE.test(s)) return s.endsWith('{') ? 'frames' : 'header'
  if (GO_BEGIN.test(s)) return 'go'
  if (RUST_BEGIN.test(s)) return 'rust'
  if (RUBY_FRAME.test(s)) return 'ruby'
  if (PHP_FURTHER.test(s)) return 'php'
  if (CONSOLE.test(s)) return 'console'
  if (SOURCE.test(s)) return 'source'
  if (THREAD.test(s)) return 'header'
  if (PYTHON_INTRO.test(s)) return 'python-between'
  if (GO_SERVED.test(s)) return 'go'
  if (/[{[] *$/.test(s) && /^\S/.test(s)) return 'block'
  if (/^[{[].*,$/.test(s)) return 'block'
  if (PYTHON_WARNING.test(s)) return 'warning'
  if (PRINTED.test(s)) return 'printed'
  if (s.startsWith('\xe2\x94\x8c')) return 'table'
  if (s === 'Stack overflow.') return 'header'
  if (s === 'rake aborted!') return 'raised'
  if (TWO_LINED.test(s)) return 'two-lined'
  if (
    /^Internal Server Error: |[/:] ?(?:ERROR|FATAL|CRITICAL|WARN)[\]/]|^\d.*(?:Error|Exception): |"exception":"\[object\] \(/.test(
      s
    )
  )
    return 'intro'
  if (level >= WARN || /^\S.*: *$/.test(s) || /^\S: *$/.test(s)) return 'intro'
  return undefined
}

function isAtFrame(s: string): boolean {
  return AT_CALL.test(s) || AT_SPACED.test(s) || AT_NAMED.test(s) || AT_PLACE.test(s)
}

/** Blank lines stand between the parts of a trace, and between everything else. */
function blankStep(trace: Trace): Step {
  switch (trace.stage) {
    case 'python-between':
      return STEP.joins
    case 'console':
      return STEP.ends
    default:
      return STEP.may
  }
}

function stepOf(trace: Trace, s: string): Step {
  if (trace.stage === 'console' && /^ {6}/.test(s)) return STEP.joins
  if (TAGS_ONLY.test(s) || /^\s+$/.test(s)) return blankStep(trace)
  switch (trace.stage) {
    case 'intro':
      return introStep(trace, s)
    case 'header':
      return headerStep(trace, s)
    case 'frames':
      return framesStep(trace, s)
    case 'python':
      return pythonStep(trace, s)
    case 'python-end':
      return pythonEndStep(trace, s)
    case 'python-between':
      if (GROUP.test(s)) return to(trace, 'group')
      if (TRACEBACK.test(s) || s === 'Object created at (most recent call last):') return to(trace, 'python')
      if (/^(?:future|handle|task|source_traceback): /.test(s)) return STEP.joins
      return trace.frames && PYTHON_THROWN.test(s) && !FRESH.test(s) ? to(trace, 'python-end') : STEP.ends
    case 'group':
      if (/^\s*[|+]/.test(s)) return frame(trace)
      return PYTHON_CHAIN.test(s) ? to(trace, 'python-between') : STEP.ends
    case 'go':
      return goStep(trace, s)
    case 'ruby':
      return rubyStep(trace, s)
    case 'php':
      if (PHP_FURTHER.test(s)) return frame(trace)
      if (/^"\} ?$/.test(s)) return STEP.closes
      return STEP.ends
    case 'rust':
      return rustStep(trace, s)
    case 'block':
      if (INDENTED.test(s)) return STEP.joins
      return /^[}\])]/.test(s) ? STEP.closes : STEP.ends
    case 'indented':
      if (INDENTED.test(s)) return trace.doubtful === 0 ? STEP.joins : STEP.ends
      if (DOTTED.test(s) || CAUSE.test(s)) return headed(trace, s)
      return RUST_FURTHER.test(s) ? to(trace, 'rust') : STEP.ends
    case 'console':
      return STEP.ends
    case 'source':
      if (HEADER.test(s) || trace.open) return headed(trace, s)
      if (/^\s*\^+\s*$/.test(s)) trace.open = true
      if (/^\[?[A-Z]\w*(?:Error|Exception|Rejection)\b.*\] ?\{?$/.test(s)) return headed(trace, s)
      return FRESH.test(s) ? STEP.ends : STEP.may
    case 'two-lined':
      return SECOND_LINE.test(s) ? to(trace, 'intro') : STEP.ends
    case 'marked':
      return s.startsWith('!') ? STEP.joins : STEP.ends
    case 'raised':
      return to(trace, 'ruby')
    case 'warning':
      return INDENTED.test(s) ? STEP.closes : STEP.ends
    case 'printed':
      if (s === '(' || INDENTED.test(s)) return STEP.joins
      return s === ')' ? STEP.closes : STEP.ends
    case 'yaml':
      return /^(?:- |\s|[\w.-]+:(?: |$))/.test(s) && !FRESH.test(s) ? STEP.joins : STEP.ends
    case 'table':
      if (s.startsWith('\xe2\x94\x94')) return STEP.closes
      return s.startsWith('\xe2\x94') ? STEP.joins : STEP.ends
    case 'failed':
      return FRESH.test(s) ? STEP.ends : STEP.joins
    default:
      return trace.stage satisfies never
  }
}

/** The line goes on in another way from here. */
function to(trace: Trace, stage: Stage): Step {
  trace.stage = stage
  trace.open = false
  return STEP.joins
}

function frame(trace: Trace): Step {
  trace.frames = true
  return STEP.joins
}

/** A header that ends with a bracket has fields instead of frames, or before them. */
function headed(trace: Trace, s: string): Step {
  to(trace, s.endsWith('{') ? 'frames' : 'header')
  trace.open = s.endsWith('{')
  return STEP.joins
}

function introStep(trace: Trace, s: string): Step {
  if (isAtFrame(s)) return framesStep(trace, s)
  if (CRASH.test(s)) return STEP.ends
  if (HEADER.test(s) || CAUSE.test(s) || INNER.test(s)) return headed(trace, s)
  if (GROUP.test(s)) return to(trace, 'group')
  if (TRACEBACK.test(s)) return to(trace, 'python')
  if (PYTHON_FILE.test(s)) return to(trace, 'python')
  if (/^(?:goroutine \d+ |\[signal )/.test(s)) return goStep(trace, s)
  if (PHP_FURTHER.test(s)) return startFrames(trace, 'php')
  if (RUBY_FRAME.test(s) || RUBY_FURTHER.test(s)) return startFrames(trace, 'ruby')
  if (/^[Ss]tack backtrace:/.test(s)) return startFrames(trace, 'rust')
  if (/^\t\S+:\d+(?: \+0x\w+)?$/.test(s)) return startFrames(trace, 'go')
  if (/^\*{20,}$/.test(s)) return to(trace, 'failed')
  if (PYTHON_DETAIL.test(s) || /^\s+\^$/.test(s)) return STEP.joins
  if (s === '---') return to(trace, 'yaml')
  if (s.startsWith('! ')) return to(trace, 'marked')
  if (trace.open ? INDENTED.test(s) : FIELD.test(s)) return to(trace, 'indented')
  if (RUBY_NAMED.test(s)) return to(trace, 'ruby')
  return GO_NAME.test(s) || DOTTED.test(s) ? STEP.may : STEP.ends
}

/** A traceback of another process comes in quotes. */
function quoted(trace: Trace): Step {
  trace.open = true
  return STEP.joins
}

function startFrames(trace: Trace, stage: Stage): Step {
  trace.frames = true
  return to(trace, stage)
}

function headerStep(trace: Trace, s: string): Step {
  if (isAtFrame(s)) return framesStep(trace, s)
  if (CAUSE.test(s) || INNER.test(s)) return headed(trace, s)
  if (MORE.test(s)) return startFrames(trace, 'frames')
  if (/^\s+--- End of/.test(s)) return startFrames(trace, 'frames')
  if (PHP_FURTHER.test(s)) return startFrames(trace, 'php')
  if (RUBY_FRAME.test(s) || RUBY_FURTHER.test(s)) return startFrames(trace, 'ruby')
  if (s === '"""') return quoted(trace)
  if (REPEATED.test(s)) return STEP.joins
  if (TRACEBACK.test(s)) return trace.open ? to(trace, 'python') : STEP.ends
  if (s === 'Caused by:') return to(trace, 'indented')
  if (RUST_FURTHER.test(s)) return to(trace, 'rust')
  if (INDENTED.test(s)) return STEP.may
  return FRESH.test(s) || HEADER.test(s) ? STEP.ends : STEP.may
}

function framesStep(trace: Trace, s: string): Step {
  trace.stage = 'frames'
  if (isAtFrame(s)) {
    trace.open ||= s.endsWith('{')
    return frame(trace)
  }
  if (trace.open) {
    if (/^\}/.test(s)) trace.open = false
    else if (!INDENTED.test(s)) return STEP.ends
    return STEP.joins
  }
  if (CAUSE.test(s) || INNER.test(s)) return headed(trace, s)
  if (REPEATED.test(s)) return STEP.joins
  if (MORE.test(s) || /^\s*--- End of/.test(s) || /^\s+\[CIRCULAR REFERENCE/.test(s)) return STEP.joins
  if (/^\s+- (?:locked|waiting|parking|eliminated|None)|^\s+Locked ownable/.test(s)) return STEP.joins
  if (/^(?:From previous event:$|Original Stack Trace:$|ClientConnectionId:|Error Number:|Emitted ')/.test(s))
    return STEP.joins
  if (/^\s+Exception data:$/.test(s)) {
    trace.open = true
    return STEP.joins
  }
  return trace.doubtful > 0 && /^Node\.js v\d/.test(s) ? STEP.closes : STEP.ends
}

function pythonStep(trace: Trace, s: string): Step {
  if (INDENTED.test(s) || PYTHON_FILE.test(s)) return frame(trace)
  if (RUBY_FRAME.test(s)) return to(trace, 'ruby')
  return PYTHON_THROWN.test(s) && !FRESH.test(s) ? to(trace, 'python-end') : STEP.ends
}

function pythonEndStep(trace: Trace, s: string): Step {
  if (PYTHON_CHAIN.test(s)) return to(trace, 'python-between')
  if (s === 'Call stack:') return to(trace, 'python')
  if (s === '"""') return to(trace, 'python-between')
  if (PYTHON_FILE.test(s)) return STEP.ends
  if (INDENTED.test(s) || PYTHON_DETAIL.test(s)) return STEP.joins
  return /^[\w.[\]-]+(?: -> [\w.]+)*$/.test(s) ? STEP.may : STEP.ends
}

/** `open`: a goroutine was there, from now on only what it looks like belongs to it. */
function goStep(trace: Trace, s: string): Step {
  trace.stage = 'go'
  if (/^goroutine /.test(s) || GO_PLACE.test(s)) {
    trace.open = true
    return frame(trace)
  }
  if (GO_FURTHER.test(s)) return STEP.joins
  if (GO_NAME.test(s)) return STEP.may
  if (trace.open && trace.frames) return STEP.ends
  if (GO_BEGIN.test(s)) return STEP.joins
  return FRESH.test(s) ? STEP.ends : STEP.may
}

function rubyStep(trace: Trace, s: string): Step {
  if (RUBY_FRAME.test(s) || RUBY_FURTHER.test(s) || CAUSE.test(s)) return frame(trace)
  if (s === 'Caused by:') return to(trace, 'raised')
  if (INDENTED.test(s)) return STEP.may
  return STEP.ends
}

/** The message stands in the line below `panicked at …:`. */
function rustStep(trace: Trace, s: string): Step {
  if (trace.open) {
    trace.open = false
    return STEP.joins
  }
  if (/^[Ss]tack backtrace:/.test(s)) return frame(trace)
  if (RUST_FURTHER.test(s)) return STEP.joins
  if (/^\s+(?:\d+: |at )/.test(s) || (trace.frames && INDENTED.test(s))) return STEP.joins
  if (INDENTED.test(s)) return STEP.may
  return STEP.ends
}
