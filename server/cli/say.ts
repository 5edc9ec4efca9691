/** Where a command says things: answers on standard output, remarks for a person on standard error. */
import { coloursWanted, type Paint, type Progress, paintFor, progressOn } from './terminal.ts'

export interface Say {
  /** One line of the answer. */
  line(text: string): void
  /** Text of the answer as it is. */
  write(text: string): void
  remark(text: string): void
  progress: Progress
  /** Size of the terminal that standard output is; undefined where it is none that can be drawn on. */
  screen(): { columns: number; rows: number } | undefined
  /** For standard output. */
  paint: Paint
  colours: boolean
  /** A person reads what is said now; what goes elsewhere may be kept for long. */
  isTerminal: boolean
  /** How this program is called from here: through npx where npm started it. */
  me: string
}

export function sayOn(env: NodeJS.ProcessEnv): Say {
  const progress = progressOn(process.stderr)
  const write = (text: string) => void process.stdout.write(text)
  const dim = paintFor(process.stderr, env)
  return {
    line: (text) => write(`${text}\n`),
    write,
    remark: (text) => {
      progress.done()
      process.stderr.write(`${dim('dim', text)}\n`)
    },
    progress,
    screen: () => {
      const { isTTY, columns = 80, rows = 24 } = process.stdout
      return isTTY && env['TERM'] !== 'dumb' ? { columns, rows } : undefined
    },
    paint: paintFor(process.stdout, env),
    colours: coloursWanted(process.stdout, env),
    isTerminal: process.stdout.isTTY === true && process.stderr.isTTY === true,
    me: env['npm_lifecycle_event'] === undefined ? 'driftlog' : 'npx driftlog'
  }
}

/** Whoever reads our output may stop reading (`| head`): that is no failure, there is just nobody to tell. */
export function endQuietlyWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}
