/**
 * Services of compose.yaml as commands for `docker run`, so that what people start is what is tested, also where no compose
 * plugin is. A key that is not translated here is an error: nothing of these services goes untested in silence.
 */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

export interface Compose {
  /** Have to be there before. */
  networks: string[]
  /** Are made by the first that uses them. */
  volumes: string[]
  services: Record<string, { container: string; image: string; run: string[] }>
}

export interface ComposeOptions {
  /** Those that are to be started; the others' images are not at hand. */
  names: string[]
  env: Record<string, string>
  /** What lies elsewhere on this host: a longer path's beginning, and what stands for it. */
  sources: Record<string, string>
  /** What the engine sees elsewhere, and so the agent must, too. */
  targets: Record<string, string>
}

type Value = string | number | boolean | Value[] | { [key: string]: Value }
interface File {
  name: string
  services: Record<string, Record<string, Value>>
}
type Flags = (value: Value, name: string) => string[]

export function readCompose(path: string, options: ComposeOptions): Compose {
  const text = readFileSync(path, 'utf8').replaceAll(
    /\$\{(\w+)(?::-([^}]*))?\}/g,
    (_, name: string, standard = '') => options.env[name] ?? standard
  )
  const file = parse(text, { merge: true }) as File
  const translate = flagsOf(file.name, options)
  const services = options.names.map((name) => {
    const service = file.services[name] ?? {}
    const container = `${file.name}-${name}-1`
    const labels = { 'com.docker.compose.project': file.name, 'com.docker.compose.service': name }
    const flags = Object.entries(service).flatMap(([key, value]) => {
      const known = translate[key]
      if (!known) throw new Error(`compose.yaml: test/real/docker/compose.ts does not translate "${key}"`)
      return known(value, name)
    })
    const inNetwork = service['network_mode'] === undefined ? ['--network', `${file.name}_default`] : []
    const image = String(service['image'])
    const run = [
      ...['run', '-d', '--name', container, ...inNetwork, ...flags],
      ...Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
      ...[image, ...list(service['command'])]
    ]
    return [name, { container, image, run }] as const
  })
  const used = options.names.flatMap((name) => namedIn(file.services[name]?.['volumes']))
  const volumes = [...new Set(used)].map((name) => `${file.name}_${name}`)
  return { networks: [`${file.name}_default`], volumes, services: Object.fromEntries(services) }
}

function flagsOf(project: string, options: ComposeOptions): Record<string, Flags> {
  const each = (flag: string) => (value: Value) => list(value).flatMap((one) => [flag, one])
  const one = (flag: string) => (value: Value) => [`${flag}=${value}`]
  const none = () => []
  return {
    image: none,
    build: none,
    command: none,
    environment: (value) => pairs(value).flatMap(([key, one]) => ['--env', `${key}=${one}`]),
    ports: each('--publish'),
    network_mode: one('--network'),
    volumes: (value) =>
      (value as Value[]).flatMap((volume) => ['--mount', mountOf(volume, project, options)]),
    tmpfs: each('--tmpfs'),
    read_only: one('--read-only'),
    user: one('--user'),
    cap_drop: each('--cap-drop'),
    cap_add: each('--cap-add'),
    security_opt: each('--security-opt'),
    mem_limit: one('--memory'),
    pids_limit: one('--pids-limit'),
    stop_grace_period: (value) => [`--stop-timeout=${Number.parseInt(String(value), 10)}`],
    restart: one('--restart'),
    // People start what it waits for; here tests do.
    depends_on: none,
    healthcheck: (value) => ((value as Record<string, Value>)['disable'] ? ['--no-healthcheck'] : []),
    logging: (value) => {
      const { driver, options: settings } = value as { driver: string; options: Value }
      return [
        `--log-driver=${driver}`,
        ...pairs(settings).flatMap(([key, v]) => ['--log-opt', `${key}=${v}`])
      ]
    }
  }
}

function namedIn(volumes: Value | undefined): string[] {
  const all = Array.isArray(volumes) ? volumes : []
  return all.flatMap((volume) => (typeof volume === 'string' ? volume.split(':', 1) : []))
}

function mountOf(volume: Value, project: string, { sources, targets }: ComposeOptions): string {
  if (typeof volume === 'string') {
    const [name, target, mode] = volume.split(':')
    return `type=volume,source=${project}_${name},target=${target}${mode === 'ro' ? ',readonly' : ''}`
  }
  const { type, source, target, read_only } = volume as Record<string, Value>
  const from = moved(String(source), sources)
  return `type=${type},source=${from},target=${moved(String(target), targets)}${read_only ? ',readonly' : ''}`
}

function moved(path: string, places: Record<string, string>): string {
  const found = Object.keys(places).find((place) => path === place || path.startsWith(`${place}/`))
  return found === undefined ? path : places[found] + path.slice(found.length)
}

function list(value: Value | undefined): string[] {
  return Array.isArray(value) ? value.map(String) : value === undefined ? [] : [String(value)]
}

function pairs(value: Value): [string, string][] {
  return Object.entries(value as Record<string, Value>).map(([key, one]) => [key, String(one ?? '')])
}
