/// <reference path="./zabbix-promise.d.ts" />
/**
 * Zabbix's API, by zabbix-promise with a transport of our own: the package's own one ends the process over an answer
 * that is no JSON, knows no time-out, and sends every request in the way of versions before 6.4.
 */
import Zabbix from 'zabbix-promise'
import wrapper, { type Asked } from 'zabbix-promise/lib/wrapper.js'
import { ZabbixRefusedError } from './errors.ts'
import { type Envelope, send } from './transport.ts'
import { atLeast, type Version, versionOf } from './version.ts'

export interface ApiSettings {
  /** With /api_jsonrpc.php. */
  url: URL
  /** One of both. */
  token?: string
  user?: { name: string; password: string }
  /** PEM of the authority of the frontend's certificate, where it is a private one. */
  ca?: string
  timeoutMs: number
}

/** These must come without a token. */
const OPEN_METHODS = new Set(['apiinfo.version', 'user.login', 'user.checkAuthentication'])
/** The session is over. */
const SESSION_OVER = /session terminated|re-login|not authori[sz]ed/i

/** What each instance sends with. */
interface Sender {
  send(asked: Asked): Promise<Envelope>
}

wrapper.post = (asked) => (asked.options as Sender).send(asked)

export class ZabbixApi implements AsyncDisposable {
  readonly version: Version
  readonly #zabbix: Zabbix
  readonly #settings: ApiSettings
  #loggingIn: Promise<unknown> | undefined

  private constructor(settings: ApiSettings, version: Version) {
    const { url, user, token } = settings
    this.version = version
    this.#settings = settings
    const sender: Sender = { send: (asked) => send(callOf(settings, version, asked)) }
    this.#zabbix = new Zabbix({
      url: url.href,
      ...(user ? { user: user.name, password: user.password } : {}),
      options: sender
    })
    this.#zabbix.auth = token ?? null
  }

  /** Rejects with ZabbixAwayError, ZabbixAnswerError, or ZabbixRefusedError where it does not let us in. */
  static async open(settings: ApiSettings): Promise<ZabbixApi> {
    const version = await askVersion(settings)
    const api = new ZabbixApi(settings, version)
    if (settings.user) await api.#login()
    return api
  }

  /** The method's result. A session that is over is begun again, once. */
  async call<T>(method: string, params: unknown): Promise<T> {
    const { auth: session } = this.#zabbix
    try {
      return (await this.#request(method, params)) as T
    } catch (error) {
      const isOver =
        this.#settings.user && error instanceof ZabbixRefusedError && SESSION_OVER.test(error.reason)
      if (!isOver) throw error
      // Somebody else may have begun a new one meanwhile.
      if (this.#loggingIn || this.#zabbix.auth === session) await this.#login()
      return (await this.#request(method, params)) as T
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A session that stays behind ends by itself.
    if (this.#settings.user) await this.#zabbix.logout().catch(() => undefined)
  }

  /** One at a time, whoever asks. */
  #login(): Promise<unknown> {
    this.#loggingIn ??= this.#request('user.login', undefined).finally(() => {
      this.#loggingIn = undefined
    })
    return this.#loggingIn
  }

  /** The package throws every answer whose result is falsy, and every refusal, as a text. */
  async #request(method: string, params: unknown): Promise<unknown> {
    try {
      return await (method === 'user.login' ? this.#zabbix.login() : this.#zabbix.request(method, params))
    } catch (thrown) {
      if (typeof thrown !== 'string') throw thrown
      return resultOf(method, JSON.parse(thrown) as Envelope)
    }
  }
}

async function askVersion(settings: ApiSettings): Promise<Version> {
  const { url, ca, timeoutMs } = settings
  const body = { jsonrpc: '2.0', id: 1, method: 'apiinfo.version', params: {} }
  const answer = await send({ url, body, timeoutMs, ...(ca === undefined ? {} : { ca }) })
  return versionOf(String(resultOf('apiinfo.version', answer)))
}

function resultOf(method: string, { error, result }: Envelope): unknown {
  if (error)
    throw new ZabbixRefusedError(method, error.code, error.data || error.message || 'no reason given')
  return result
}

/** From 6.4 on the token goes into the header, and 7.2 refuses it in the body; before, it is read from there alone. */
function callOf(
  { url, ca, timeoutMs, user }: ApiSettings,
  version: Version,
  { auth, method, params }: Asked
) {
  const token = OPEN_METHODS.has(method) ? null : auth
  const inHeader = atLeast(version, 6, 4)
  const body = {
    jsonrpc: '2.0',
    id: 1,
    method,
    // `user` instead of `username` is refused from 6.4 on.
    params: method === 'user.login' ? { username: user?.name, password: user?.password } : params,
    ...(token !== null && !inHeader ? { auth: token } : {})
  }
  return {
    ...{ url, body, timeoutMs },
    ...(ca === undefined ? {} : { ca }),
    ...(token !== null && inHeader ? { bearer: token } : {})
  }
}
