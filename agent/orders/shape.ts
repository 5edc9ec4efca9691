/**
 * Whether an order is one: the agent does not trust the hub blindly, and no schema library is loaded on the hosts. What
 * protocol-orders.ts says, checked by hand, and what becomes part of names more strictly.
 */
import type { HealthCheck, ImageAsked } from '../protocol-orders.ts'
import { readImageName } from './image-name.ts'
import { isOrderId } from './journal.ts'

const APP = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/
const SECRET_FILE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
const SECRET_ENV = /^[A-Z][A-Z0-9_]{0,127}$/
const DIGEST = /^sha256:[0-9a-f]{64}$/
const HOUR_MS = 3_600_000

/** What is wrong with it, named by its place; undefined where it is an order. */
export function problemOf(order: unknown): string | undefined {
  const wrong = new Wrong()
  if (!isObject(order)) return 'it is no object'
  const { kind } = order
  if (!isOrderId(order['id'])) wrong.at('id', 'letters, digits, ".", "_" and "-"')
  wrong.text(order, 'deploy', 128)
  if (kind === 'pull') wrong.image(order['image'], 'image')
  else if (kind === 'replace') wrong.spec(order['spec'])
  else if (kind === 'remove') {
    wrong.slot(order, '')
    wrong.integer(order, 'stopGraceMs', 0, HOUR_MS)
  } else wrong.at('kind', 'pull, replace or remove')
  return wrong.first
}

/** The same of a health check alone. */
export function checkProblem(check: unknown): string | undefined {
  const wrong = new Wrong()
  wrong.health(check, 'health')
  return wrong.first
}

type Fields = Record<string, unknown>

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Gathers what is wrong; the first is told. */
class Wrong {
  first: string | undefined

  at(place: string, wanted: string): undefined {
    this.first ??= `${place} must be ${wanted}`
  }

  text(of: Fields, place: string, longest: number, pattern = /^/): void {
    const value = of[lastOf(place)]
    const fits = typeof value === 'string' && value.length <= longest && pattern.test(value)
    if (!fits || value.includes('\0'))
      this.at(place, `a text of at most ${longest} characters that fits ${pattern}`)
  }

  integer(of: Fields, place: string, minimum: number, maximum: number): void {
    const value = of[lastOf(place)]
    const fits = typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum
    if (!fits) this.at(place, `a whole number from ${minimum} to ${maximum}`)
  }

  texts(of: Fields, place: string, least: number, most: number): void {
    const value = of[lastOf(place)]
    const fits =
      Array.isArray(value) &&
      value.length >= least &&
      value.length <= most &&
      value.every((one) => typeof one === 'string' && one.length <= 4096 && !one.includes('\0'))
    if (!fits) this.at(place, `a list of ${least} to ${most} texts`)
  }

  slot(of: Fields, at: string): void {
    this.text(of, `${at}app`, 63, APP)
    this.text(of, `${at}environment`, 63, APP)
    this.integer(of, `${at}slot`, 1, 10_000)
  }

  image(value: unknown, at: string): undefined {
    if (!isObject(value)) return this.at(at, 'an image')
    const { reference, digest, imageId } = value as Partial<ImageAsked>
    if (typeof reference !== 'string' || reference.length > 512 || !readImageName(reference))
      this.at(`${at}.reference`, 'the name of an image')
    for (const [name, hash] of Object.entries({ digest, imageId }))
      if (hash !== undefined && !(typeof hash === 'string' && DIGEST.test(hash)))
        this.at(`${at}.${name}`, 'sha256: and 64 hexadecimal digits')
  }

  spec(spec: unknown): undefined {
    if (!isObject(spec)) return this.at('spec', 'an instance')
    this.slot(spec, 'spec.')
    this.text(spec, 'spec.deploy', 128)
    this.integer(spec, 'spec.version', 1, Number.MAX_SAFE_INTEGER)
    this.image(spec['image'], 'spec.image')
    this.integer(spec, 'spec.port', 1, 65_535)
    for (const list of ['entrypoint', 'command'])
      if (spec[list] !== undefined) this.texts(spec, `spec.${list}`, 0, 256)
    this.#map(spec, 'spec.env', VARIABLE, 65_536)
    this.#map(spec, 'spec.labels', /^.{1,512}$/, 4096)
    this.#each(spec, 'spec.secrets', (secret, at) => this.#secret(secret, at))
    this.#each(spec, 'spec.volumes', (volume, at) => this.#volume(volume, at))
    this.health(spec['health'], 'spec.health')
    const { cpus } = spec
    if (cpus !== undefined && !(typeof cpus === 'number' && cpus > 0 && cpus <= 1024))
      this.at('spec.cpus', 'a number above 0, at most 1024')
    if (spec['memoryBytes'] !== undefined)
      this.integer(spec, 'spec.memoryBytes', 4 * 2 ** 20, Number.MAX_SAFE_INTEGER)
    if (spec['pidsLimit'] !== undefined) this.integer(spec, 'spec.pidsLimit', 1, 2 ** 31)
    if (spec['user'] !== undefined) this.text(spec, 'spec.user', 255)
    if (spec['workingDir'] !== undefined) this.text(spec, 'spec.workingDir', 1024, /^\//)
    this.integer(spec, 'spec.logMaxBytes', 2 ** 16, Number.MAX_SAFE_INTEGER)
    this.integer(spec, 'spec.logMaxFiles', 1, 1000)
    this.integer(spec, 'spec.stopGraceMs', 0, HOUR_MS)
  }

  health(check: unknown, at: string): undefined {
    if (!isObject(check)) return this.at(at, 'a health check')
    const { http, tcp } = check as Partial<HealthCheck>
    if (http !== undefined) {
      if (!isObject(http)) return this.at(`${at}.http`, 'a path')
      this.text(http, `${at}.http.path`, 1024, /^\/[\x21-\x7e]*$/)
      if (http['status'] !== undefined) this.integer(http, `${at}.http.status`, 100, 599)
    }
    if (tcp !== undefined && typeof tcp !== 'boolean') this.at(`${at}.tcp`, 'true')
    if (check['command'] !== undefined) this.texts(check, `${at}.command`, 1, 64)
    if (check['log'] !== undefined) this.text(check, `${at}.log`, 512, /./)
    for (const name of ['everyMs', 'timeoutMs', 'withinMs']) this.integer(check, `${at}.${name}`, 1, HOUR_MS)
    this.integer(check, `${at}.successes`, 1, 100)
  }

  #secret(secret: Fields, at: string): void {
    const { file, env } = secret
    this.text(secret, `${at}.name`, 128, VARIABLE)
    if ((file === undefined) === (env === undefined)) this.at(at, 'either a file or a variable of the agent')
    if (file !== undefined) this.text(secret, `${at}.file`, 128, SECRET_FILE)
    if (env !== undefined) this.text(secret, `${at}.env`, 128, SECRET_ENV)
  }

  #volume(volume: Fields, at: string): void {
    this.text(volume, `${at}.source`, 1024, /./)
    this.text(volume, `${at}.target`, 1024, /^\//)
    if (typeof volume['readOnly'] !== 'boolean') this.at(`${at}.readOnly`, 'true or false')
  }

  #map(of: Fields, place: string, names: RegExp, longest: number): undefined {
    const map = of[lastOf(place)]
    if (!isObject(map)) return this.at(place, 'names with texts')
    for (const name of Object.keys(map)) {
      if (!names.test(name)) this.at(place, `names that fit ${names}, with texts`)
      const value = map[name]
      if (typeof value !== 'string' || value.length > longest || value.includes('\0'))
        this.at(`${place}.${name}`, `a text of at most ${longest} characters`)
    }
  }

  #each(of: Fields, place: string, look: (one: Fields, at: string) => void): undefined {
    const list = of[lastOf(place)]
    if (!Array.isArray(list) || list.length > 100) return this.at(place, 'a list of at most 100')
    for (const [index, one] of list.entries()) {
      if (isObject(one)) look(one, `${place}.${index}`)
      else this.at(`${place}.${index}`, 'an object')
    }
  }
}

/** `spec.http.path` is the field `path`. */
function lastOf(place: string): string {
  return place.slice(place.lastIndexOf('.') + 1)
}
