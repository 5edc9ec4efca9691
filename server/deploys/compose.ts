/**
 * An app in one environment as docker-compose.yml, by the Compose specification: to read, to compare, and to start one
 * instance by hand. Compose's own labels are left to compose, which forbids them in files; it makes the same ones.
 */
import { Document } from 'yaml'
import type { Wanted } from './definition.ts'
import { ownLabels, projectOf } from './labels.ts'
import { piecesOf } from './placeholders.ts'
import { type SpecAsked, specOf } from './spec.ts'
import { isNamed } from './volumes.ts'

export interface Rendered {
  app: string
  environment: string
  version: number
  wanted: Wanted
  /** As it would be pulled. */
  reference: string
}

const MIB = 2 ** 20
/** The agent's DRIFTLOG_SECRETS_DIR, where nobody says otherwise. */
const SECRETS = '${DRIFTLOG_SECRETS_DIR:-./secrets}'
const GIVEN = { PORT: '${PORT:?a free port of this host}', HOST_IP: '${HOST_IP:-127.0.0.1}' }
const REPLACED = { ...GIVEN, PORT: '${PORT}' }

/** The same words for the same definition. */
export function composeOf(rendered: Rendered): string {
  const { app, environment, version, wanted, reference } = rendered
  const project = projectOf(app, environment)
  const spec = specOf({ ...ONE, ...rendered, image: { reference } })
  const files = spec.secrets.flatMap(({ file }) => file ?? [])
  const named = (wanted.volumes ?? []).filter(({ source }) => isNamed(source)).map(({ source }) => source)
  const file = {
    name: project,
    services: {
      [app]: {
        image: plain(reference),
        ...(spec.entrypoint ? { entrypoint: spec.entrypoint.map(filled) } : {}),
        ...(spec.command ? { command: spec.command.map(filled) } : {}),
        network_mode: 'host',
        restart: 'unless-stopped',
        ...(spec.user === undefined ? {} : { user: plain(spec.user) }),
        ...(spec.workingDir === undefined ? {} : { working_dir: plain(spec.workingDir) }),
        environment: environmentOf(spec),
        ...(files.length === 0 ? {} : { secrets: unique(files) }),
        ...volumesOf(wanted),
        ...healthOf(spec),
        ...limitsOf(spec),
        logging: {
          driver: 'json-file',
          options: { 'max-size': `${spec.logMaxBytes / MIB}m`, 'max-file': String(spec.logMaxFiles) }
        },
        stop_grace_period: duration(spec.stopGraceMs),
        labels: mapped(ownLabels(app, environment, wanted), plain)
      }
    },
    ...(files.length === 0
      ? {}
      : { secrets: Object.fromEntries(unique(files).map((name) => [name, { file: `${SECRETS}/${name}` }])) }),
    ...(named.length === 0 ? {} : { volumes: Object.fromEntries(unique(named).map((name) => [name, {}])) }),
    'x-driftlog': extensionOf(version, wanted)
  }
  return yamlOf(file, commentOf(rendered))
}

/** Texts that other readers of YAML would take for something else are put in quotes. */
export function yamlOf(value: unknown, comment: string): string {
  const document = new Document(value, { compat: 'yaml-1.1', aliasDuplicateObjects: false })
  document.commentBefore = comment
  return document.toString({ lineWidth: 0 })
}

/** As it stands, for a reader that puts in variables. */
export function plain(text: string): string {
  return text.replaceAll('$', '$$$$')
}

/** What stands for any instance; only what does not depend on it is written. */
const ONE: Pick<SpecAsked, 'slot' | 'deploy' | 'port'> = { slot: 1, deploy: 'compose', port: 1 }

type Spec = ReturnType<typeof specOf>

function commentOf({ app, environment, version, wanted }: Rendered): string {
  const { replicas = 1, health } = wanted
  return [
    ` Version ${version} of "${app}" for ${environment}, made by Driftlog. One instance of ${replicas}: each has a port of its own,`,
    ' which Driftlog leases and hands in. By hand: PORT=20001 HOST_IP=192.0.2.1 docker compose up',
    ...(health?.http || health?.tcp
      ? [' Driftlog checks from outside; the check below needs wget or nc in the image.']
      : []),
    ...(health?.log === undefined ? [] : [' Driftlog waits for a line of its log, which compose can not.'])
  ].join('\n')
}

function environmentOf({ env, secrets }: Spec): Record<string, string> {
  const values = secrets.map(({ name, file, env: variable }) => [
    name,
    file === undefined ? `\${DRIFTLOG_SECRET_${variable}:?}` : `/run/secrets/${file}`
  ])
  return { ...mapped(env, filled), ...Object.fromEntries(values), ...GIVEN }
}

function volumesOf({ volumes = [] }: Wanted) {
  if (volumes.length === 0) return {}
  return {
    volumes: volumes.map(({ source, target, readOnly }) => ({
      type: isNamed(source) ? 'volume' : 'bind',
      source: plain(source),
      target: plain(target),
      ...(readOnly ? { read_only: true } : {})
    }))
  }
}

/** No shell comes into it: what people wrote is a word of a command. */
function healthOf({ health }: Spec) {
  const test = testOf(health)
  if (!test) return {}
  const { everyMs, timeoutMs, withinMs } = health
  return {
    healthcheck: {
      ...{ test: ['CMD', ...test], interval: duration(everyMs), timeout: duration(timeoutMs), retries: 3 },
      start_period: duration(withinMs)
    }
  }
}

function testOf({ http, tcp, command }: Spec['health']): string[] | undefined {
  if (command) return command.map(plain)
  if (http) return ['wget', '-q', '-O', '/dev/null', `http://127.0.0.1:\${PORT}${plain(http.path)}`]
  return tcp ? ['nc', '-z', '127.0.0.1', '${PORT}'] : undefined
}

function limitsOf({ cpus, memoryBytes, pidsLimit }: Spec) {
  const limits = {
    ...(cpus === undefined ? {} : { cpus: String(cpus) }),
    ...(memoryBytes === undefined ? {} : { memory: `${memoryBytes / MIB}m` }),
    ...(pidsLimit === undefined ? {} : { pids: pidsLimit })
  }
  return Object.keys(limits).length === 0 ? {} : { deploy: { resources: { limits } } }
}

/** What compose has no words for. */
function extensionOf(version: number, { replicas = 1, placement, rollout, health }: Wanted) {
  return {
    version,
    replicas,
    ...(placement ? { placement: mappedDeep(placement) } : {}),
    ...(rollout ? { rollout: mappedDeep(rollout) } : {}),
    ...(health ? { health: mappedDeep(health) } : {})
  }
}

function filled(text: string): string {
  return piecesOf(text)
    .map((piece) => (piece.kind === 'given' ? REPLACED[piece.name] : plain(piece.text)))
    .join('')
}

/** 1m30s, 2s, 500ms */
function duration(ms: number): string {
  const [minutes, seconds, rest] = [Math.floor(ms / 60_000), Math.floor(ms / 1000) % 60, ms % 1000]
  const parts = [
    minutes > 0 ? `${minutes}m` : '',
    seconds > 0 ? `${seconds}s` : '',
    rest > 0 ? `${rest}ms` : ''
  ]
  return parts.join('') || '0s'
}

function mapped(values: Record<string, string>, make: (text: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, text]) => [name, make(text)]))
}

function mappedDeep(value: unknown): unknown {
  if (typeof value === 'string') return plain(value)
  if (Array.isArray(value)) return value.map(mappedDeep)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, mappedDeep(inner)]))
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)]
}
