/** What is told of containers and of this host. */
import { readFileSync } from 'node:fs'
import { arch, cpus, hostname, networkInterfaces, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import type { EngineInfo, Inspected } from './docker/engine.ts'
import { type Rotation, rotationOf } from './files/rotation.ts'
import { type Described, identify, optOut } from './identity.ts'
import type { HostFacts, InstanceFacts } from './protocol.ts'
import { type FilesAsked, type HostView, locate } from './sources/root.ts'

export interface FactsOptions {
  /** For containers whose platform names none. */
  environment: string
  /** Where Docker's `containers` folder is for this process, if elsewhere than the engine says. */
  containersDir: string | undefined
  /** Where the host's root is for this process; '' where it is its own. */
  hostRoot: string
  /** Where the host's /proc is. */
  procDir: string
  /** The container in which this agent runs, if it runs in one. */
  ownContainer: string | undefined
  /** How the containers' own logs are read. */
  logAccess: LogAccess
}

/** `files` of the json-file driver; the engine's `api`; `auto`: files where they can be read, else the api. */
export type LogAccess = 'auto' | 'files' | 'api'

/** The container's own log, where it is to be read. */
export interface LogFile {
  path: string
  rotation: Rotation
}

export interface Instance {
  facts: InstanceFacts
  /** Where the container's own log is read as files. */
  log: LogFile | undefined
  /** The engine is asked for it. */
  asked?: boolean
  /** Its output is a terminal's: the engine does not tell stdout from stderr. */
  tty?: boolean
  /** Absent where no files of its own are asked for. */
  files?: FilesAsked
  /** Of its first process, as the engine's host counts them; absent while it does not run. */
  pid?: number
  /** It has no network of its own. */
  hostNetwork?: boolean
}

export function instanceOf(found: Inspected, rootDir: string, options: FactsOptions): Instance {
  const described: Described = {
    name: found.Name.replace(/^\//, ''),
    labels: found.Config.Labels ?? {},
    env: found.Config.Env ?? []
  }
  const { app, environment, replica, kind } = identify(described, options.environment)
  const { Type: logDriver, Config: logOptions } = found.HostConfig.LogConfig
  const { State: state } = found
  const barred = found.Id === options.ownContainer ? 'the agent’s own log' : optOut(described)
  const unread = barred ?? whyUnread(found, options)
  const files = barred === undefined ? filesOf(found, rootDir, options) : undefined
  const facts: InstanceFacts = {
    container: found.Id,
    name: clip(described.name),
    app,
    environment,
    ...(replica !== undefined && { replica }),
    identity: kind,
    image: clip(found.Config.Image),
    ...(found.Image && { imageId: found.Image }),
    labels: clipped(described.labels),
    state: state.Status,
    ...moment('createdMs', found.Created),
    ...moment('startedMs', state.StartedAt),
    ...moment('finishedMs', state.FinishedAt),
    ...(hasEnded({ state: state.Status }) && state.ExitCode !== undefined && { exitCode: state.ExitCode }),
    ...(state.OOMKilled && { oomKilled: true }),
    ...(state.Health && { health: state.Health.Status }),
    ...(found.RestartCount !== undefined && { restarts: found.RestartCount }),
    logDriver,
    logOptions: logOptions ?? {},
    ...(unread !== undefined && { unread })
  }
  const byFiles = logDriver === 'json-file' && options.logAccess !== 'api'
  const log = unread === undefined && byFiles ? logOf(found, rootDir, options) : undefined
  const tty = found.Config.Tty ?? false
  const instance = {
    facts,
    log,
    asked: false,
    tty,
    ...(files && { files }),
    ...(state.Pid && { pid: state.Pid }),
    hostNetwork: found.HostConfig.NetworkMode === 'host'
  }
  return unread === undefined && !byFiles ? askedFor(instance) : instance
}

/** The same instance, its log asked of the engine instead of read as files. */
export function askedFor(instance: Instance): Instance {
  return { ...instance, facts: { ...instance.facts, logSource: 'api' }, log: undefined, asked: true }
}

/** Where Docker puts the log of a container. */
export function usualLogPath(id: string, rootDir: string, { containersDir }: FactsOptions): string {
  return join(containersDir ?? join(rootDir, 'containers'), id, `${id}-json.log`)
}

/** A container that runs no more, and was not removed. */
export function hasEnded({ state }: Pick<InstanceFacts, 'state'>): boolean {
  return state === 'exited' || state === 'dead'
}

export interface HostSettings {
  /** Undefined: the engine's. */
  hostName: string | undefined
  /** Under which others reach the instances of this host; undefined: its first address. */
  hostAddress: string | undefined
  hostLabels: Readonly<Record<string, string>>
  takesOrders: boolean
}

export function hostFacts(
  info: EngineInfo | undefined,
  { hostName, hostAddress, hostLabels, takesOrders }: HostSettings,
  more: Partial<HostFacts> = {}
): HostFacts {
  const machineId = machineIdOf()
  const labels = { ...labelsOf(info), ...hostLabels }
  return {
    name: clip(hostName || info?.name || hostname() || 'unnamed').slice(0, 255),
    ...(info?.id && { engineId: info.id }),
    ...(info?.version && { engineVersion: info.version }),
    ...(machineId && { machineId }),
    os: info?.os || type(),
    kernel: info?.kernel || release(),
    arch: info?.arch || arch(),
    cpus: info?.cpus || cpus().length,
    memoryBytes: info?.memoryBytes || totalmem(),
    addresses: addresses(),
    ...(hostAddress !== undefined && { address: hostAddress }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(takesOrders && { takesOrders }),
    ...(info?.labels.includes('driftlog.pretended=true') && { pretended: true }),
    ...more
  }
}

/**
 * Docker mounts its own /etc/hostname and the like into every container, from a folder that is named by the
 * container's id.
 */
export function ownContainer(mounts = readText('/proc/self/mountinfo')): string | undefined {
  return /\/containers\/([0-9a-f]{64})\/(?:hostname|hosts|resolv\.conf) \/etc\//.exec(mounts)?.[1]
}

function whyUnread(found: Inspected, options: FactsOptions): string | undefined {
  const { Type: driver } = found.HostConfig.LogConfig
  if (driver === 'none') return 'the log driver "none" keeps nothing'
  if (driver === 'json-file' || options.logAccess !== 'files') return undefined
  return `the log driver "${driver}" has no files to read, and DRIFTLOG_LOG_ACCESS is "files"`
}

/** Files that the app writes inside the container. */
function filesOf(
  found: Inspected,
  rootDir: string,
  { hostRoot, procDir }: FactsOptions
): FilesAsked | undefined {
  const patterns = found.Config.Labels?.[FILES_LABEL]?.trim()
  if (!patterns) return undefined
  const view: HostView = { hostRoot, procDir, rootDir }
  return { patterns, by: `the label ${FILES_LABEL}`, locate: () => locate(found, view) }
}

const FILES_LABEL = 'driftlog.files'

/** Before its first start a container has no path yet; it is always the same. */
function logOf(found: Inspected, rootDir: string, options: FactsOptions): LogFile {
  const told = options.containersDir ? undefined : found.LogPath
  const path = told || usualLogPath(found.Id, rootDir, options)
  return { path, rotation: rotationOf(found.HostConfig.LogConfig.Config ?? {}) }
}

/** Docker's "never" is the year 1. */
function moment<K extends string>(key: K, text: string | undefined): Partial<Record<K, number>> {
  const ms = Date.parse(text ?? '')
  return ms > 0 ? ({ [key]: ms } as Record<K, number>) : {}
}

/** All labels of a container together, in UTF-16 units; what goes beyond is left out, so that it fits into a delivery. */
const LABELS_LIMIT = 32 * 1024

/** The protocol's limits. */
function clipped(labels: Readonly<Record<string, string>>): Record<string, string> {
  const kept: Record<string, string> = {}
  let length = 0
  for (const [key, value] of Object.entries(labels)) {
    const clippedValue = clip(value)
    if (key.length > 512 || length + key.length + clippedValue.length > LABELS_LIMIT) continue
    kept[key] = clippedValue
    length += key.length + clippedValue.length
  }
  return kept
}

function clip(text: string): string {
  return text.slice(0, 4096)
}

/** The engine's own, `name=value` or a name alone. */
function labelsOf(info: EngineInfo | undefined): Record<string, string> {
  const labels = (info?.labels ?? []).map((label) => {
    const [name = '', ...value] = label.split('=')
    return [name, value.join('=')] as const
  })
  return clipped(Object.fromEntries(labels.filter(([name]) => name !== '' && name.length <= 255)))
}

/** Those under which other machines may reach this one. */
export function addresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const outward = all.filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
  return outward.map(({ address }) => address).slice(0, 64)
}

function machineIdOf(): string {
  return readText('/etc/machine-id').trim()
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
