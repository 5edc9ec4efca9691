/** Whether the hub is there, speaks our protocol, knows us, and has the same time. Asks only what changes nothing there. */
import type { Config } from '../config.ts'
import type { Credentials } from '../enrolment.ts'
import type { Problem } from '../protocol.ts'
import { Connection, type Reply } from '../ship/http.ts'
import { PROTOCOL } from '../ship/hub.ts'
import { type Trust, TrustError } from '../ship/trust.ts'
import { type Finding, fail, ok, warn } from './finding.ts'
import { type Machine, textOf } from './machine.ts'

const DEADLINE_MS = 5000
/** The date of an answer is in whole seconds. */
const CLOCK_STEP_MS = 1000
const CLOCK_WARN_MS = 5000
const JSON_TYPE = { 'content-type': 'application/json' }

export async function checkHub(
  config: Pick<Config, 'hubUrl' | 'joinToken' | 'joinTokenFile'> & Partial<Pick<Config, 'trust'>>,
  credentials: Credentials | undefined,
  machine: Machine,
  signal: AbortSignal,
  nowMs: () => number = Date.now
): Promise<Finding[]> {
  const { hubUrl, trust = {} } = config
  const connection = connectionTo(hubUrl, trust)
  if (connection instanceof Error) {
    const text = `the authorities in ${trust.caFile} can not be used: ${connection.message}`
    return [fail('hub', text, 'set DRIFTLOG_HUB_CA_FILE to a PEM file that this user may read')]
  }
  const ask = async (path: string, headers: Record<string, string>, value: object) => {
    const body = Buffer.from(JSON.stringify(value))
    return connection.post({
      path,
      headers: { ...JSON_TYPE, ...headers },
      body,
      deadlineMs: DEADLINE_MS,
      signal
    })
  }
  try {
    const sentMs = nowMs()
    // A greeting without its content: it is refused after key and protocol were looked at, and begins no session.
    const path = credentials ? '/agent/v1/hello' : '/agent/v1/enrol'
    const reply = await ask(path, credentials ? bearer(credentials.key) : {}, { protocol: PROTOCOL })
    const findings = [hubFinding(reply, config.hubUrl), clockFinding(reply, (sentMs + nowMs()) / 2)]
    if (findings[0]?.state === 'fail') return findings.slice(0, 1)
    if (credentials) return [...findings, keyFinding(reply)]
    const token = config.joinToken ?? (config.joinTokenFile && textOf(machine, config.joinTokenFile).trim())
    // Lets nobody but an administrator in; the others are told apart by how they are refused.
    return [...findings, joinFinding(await ask('/api/tokens', token ? bearer(token) : {}, {}), token, config)]
  } catch (error) {
    if (error instanceof TrustError) return [fail('hub', error.message)]
    return [
      fail(
        'hub',
        `no hub answers at ${config.hubUrl.origin}: ${reasonOf(error as Error)}`,
        ...waysTo(config.hubUrl, machine)
      )
    ]
  } finally {
    connection.close()
  }
}

function connectionTo(url: URL, trust: Trust): Connection | Error {
  try {
    return new Connection(url, trust)
  } catch (error) {
    return error as Error
  }
}

function bearer(secret: string): Record<string, string> {
  return { authorization: `Bearer ${secret}` }
}

function hubFinding(reply: Reply, url: URL): Finding {
  const { code, message } = problemOf(reply)
  if (code === 'DRIFTLOG_PROTOCOL')
    return fail('hub', `the hub at ${url.origin} speaks another version of the protocol`, message)
  if (!code.startsWith('DRIFTLOG_')) {
    return fail(
      'hub',
      `what answers at ${url.origin} (${reply.status}) is no Driftlog hub`,
      'set DRIFTLOG_HUB_URL to the address of the hub'
    )
  }
  const text = `it answers at ${url.origin} and speaks version ${PROTOCOL} of the protocol`
  if (url.protocol === 'https:' || isLocal(url)) return ok('hub', text)
  const remedies = [
    'give the hub a certificate (driftlog certificate), and let DRIFTLOG_HUB_URL begin with https://'
  ]
  return warn('hub', `${text}. Key and logs go there in the clear`, ...remedies)
}

function clockFinding(reply: Reply, atMs: number): Finding {
  const hubMs = Date.parse(String(reply.headers['date'] ?? '')) + CLOCK_STEP_MS / 2
  if (Number.isNaN(hubMs)) return warn('clock', "the hub's answer has no date to compare with")
  const offsetMs = atMs - hubMs
  if (Math.abs(offsetMs) <= CLOCK_WARN_MS) return ok('clock', "it agrees with the hub's")
  const seconds = Math.round(Math.abs(offsetMs) / 1000)
  return warn(
    'clock',
    `this host's clock is ${seconds} s ${offsetMs > 0 ? 'ahead of' : 'behind'} the hub's; the hub sets its times right, but only as long as the offset stays`,
    'keep it in step: sudo timedatectl set-ntp true, or chrony'
  )
}

function keyFinding(reply: Reply): Finding {
  if (reply.status !== 401) return ok('identity', 'the hub knows the key of this host')
  return fail(
    'identity',
    'the hub does not know the key of this host: it was revoked, or the hub has other data than before',
    'give back the hub its data; or let this host join as a new one: remove agent.json from the state folder'
  )
}

function joinFinding(reply: Reply, token: string | undefined, { hubUrl }: Pick<Config, 'hubUrl'>): Finding {
  const issue =
    'the hub keeps one in the file tokens/join of its data folder; set DRIFTLOG_JOIN_TOKEN or DRIFTLOG_JOIN_TOKEN_FILE'
  if (reply.status === 403 || reply.status === 400)
    return ok('join token', `the hub at ${hubUrl.origin} takes this host in`)
  if (!token) return fail('join token', 'the hub wants one, and there is none', issue)
  if (reply.status === 401)
    return fail('join token', 'the hub does not accept it: unknown, revoked or expired', issue)
  return warn('join token', `it could not be tried: the hub answers ${reply.status} ${problemOf(reply).code}`)
}

function waysTo(url: URL, { inContainer }: Machine): string[] {
  const local = isLocal(url)
  const start = local
    ? 'start it: driftlog hub'
    : 'look at firewalls between here and there, and that the hub runs'
  if (inContainer && local)
    return [
      "127.0.0.1 is the container itself unless it runs with --network host: set DRIFTLOG_HUB_URL to the hub's name",
      start
    ]
  return [start, 'set DRIFTLOG_HUB_URL to the address of the hub']
}

function isLocal({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
}

function problemOf({ body }: Reply): Pick<Problem, 'code' | 'message'> {
  try {
    const { code = '', message = '' } = JSON.parse(body.toString()) as Partial<Problem>
    return { code: String(code), message }
  } catch {
    return { code: '', message: '' }
  }
}

function reasonOf(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map((one: Error) => one.message).join('; ')
  return error.message
}
