/** Whether the program of this container answers: what its health check runs. */
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { request as secureRequest } from 'node:https'
import { CliError, EXIT, type ExitCode } from './exit.ts'
import type { Say } from './say.ts'

const PROGRAMS = ['hub', 'agent'] as const
type Program = (typeof PROGRAMS)[number]

const PATIENCE_MS = 4000
const LONGEST_ANSWER = 64 * 1024

/**
 * Ends with 0 where the program answers, whatever it says: an agent whose hub is away, or a hub whose disk is full, is
 * at work all the same, and restarting it would lose what it holds. What it says is printed, for `docker inspect`.
 */
export async function health(named: string | undefined, env: NodeJS.ProcessEnv, say: Say): Promise<ExitCode> {
  const program = PROGRAMS.find((one) => one === (named ?? firstProgram()))
  if (!program) {
    const found =
      named === undefined ? 'The first process here is neither hub nor agent' : `"${named}" is neither`
    throw new CliError(EXIT.usage, `${found}: say "driftlog health hub" or "driftlog health agent".`)
  }
  const face = faceOf(program, env)
  const { host, port } = face
  try {
    const { status, text } = await get(face)
    say.line(`${program} answers ${status}: ${text}`)
    return EXIT.ok
  } catch (error) {
    say.line(`${program} does not answer at ${host}:${port}: ${(error as Error).message}`)
    return EXIT.found
  }
}

/** `up` is hub and agent together; the hub is the one with a port for others. */
function firstProgram(commandLine = readText('/proc/1/cmdline')): string | undefined {
  // A program that hid a token of its own command line has put spaces between what is left.
  const words = commandLine.split(/[\0 ]/)
  return words.includes('up') ? 'hub' : words.find((word) => PROGRAMS.some((one) => one === word))
}

interface Face {
  host: string
  port: number
  /** By https. */
  secure: boolean
}

/** Read by hand, though checked nowhere: this runs twice a minute, and the schemas take longer to load than all else. */
function faceOf(program: Program, env: NodeJS.ProcessEnv): Face {
  const { DRIFTLOG_AGENT_PORT, DRIFTLOG_LISTEN_PORT, DRIFTLOG_LISTEN_HOST } = env
  if (program === 'agent')
    return { host: '127.0.0.1', port: Number(DRIFTLOG_AGENT_PORT || 9464), secure: false }
  const listen = DRIFTLOG_LISTEN_HOST || '127.0.0.1'
  const host = LOCAL[listen] ?? listen.replace(/^\[|\]$/g, '')
  return { host, port: Number(DRIFTLOG_LISTEN_PORT || 7400), secure: Boolean(env['DRIFTLOG_TLS_CERT_FILE']) }
}

const LOCAL: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

function get({ host, port, secure }: Face): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const send = secure ? secureRequest : request
    // Nothing secret is said, and the certificate is made for other names than that of loopback.
    const options = { host, port, path: '/healthz', agent: false, rejectUnauthorized: false } as const
    const call = send(options, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (piece: string) => {
        text += piece
        if (text.length > LONGEST_ANSWER) call.destroy(new Error('the answer is too long'))
      })
      answer.once('error', reject)
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text: text.trim() }))
    })
    const timer = setTimeout(() => call.destroy(new Error('it takes too long')), PATIENCE_MS)
    call.once('close', () => clearTimeout(timer))
    call.once('error', reject)
    call.end()
  })
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
