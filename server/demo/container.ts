/** One pretended container: what it is, and what a Docker Engine says of it. */
import { createHash } from 'node:crypto'
import type Docker from 'dockerode'
import { type JsonFileLog, type LogOptions, type Nanoseconds, rfc3339Nano } from './jsonfile.ts'

/** A folder of the host that the container sees; without a source it is in memory. */
export interface Mount {
  source?: string
  destination: string
}

export interface Container {
  readonly id: string
  name: string
  readonly image: string
  readonly imageId: string
  readonly labels: Record<string, string>
  readonly env: string[]
  readonly logOptions: LogOptions
  readonly logPath: string
  /** Folder of the host in which lies what the container writes into its own file system. */
  readonly upperDir: string
  readonly mounts: readonly Mount[]
  readonly created: Nanoseconds
  state: 'created' | 'running' | 'exited'
  pid: number
  exitCode: number
  oomKilled: boolean
  /** Absent: never. */
  started: Nanoseconds | undefined
  finished: Nanoseconds | undefined
  restarts: number
  health: 'starting' | 'healthy' | 'unhealthy' | undefined
  log: JsonFileLog | undefined
}

/** What Go's zero time looks like; Docker says this for "never". */
const NEVER = '0001-01-01T00:00:00Z'

/** GET /containers/json */
export function listed(container: Container): Docker.ContainerInfo {
  const { id, name, image, imageId, labels, state } = container
  return {
    Id: id,
    Names: [`/${name}`],
    Image: image,
    ImageID: imageId,
    Command: '/app/start',
    Created: Number(container.created / 1_000_000_000n),
    Ports: [],
    Labels: labels,
    State: state,
    Status: statusOf(container),
    HostConfig: { NetworkMode: 'host' },
    NetworkSettings: { Networks: {} },
    Mounts: []
  }
}

/** GET /containers/:id/json: the parts that anyone asks for. */
export function inspected(container: Container) {
  const { id, name, image, imageId, labels, env, logOptions, logPath } = container
  return {
    Id: id,
    Created: rfc3339Nano(container.created),
    Path: '/app/start',
    Args: [],
    State: {
      Status: container.state,
      Running: container.state === 'running',
      Paused: false,
      Restarting: false,
      OOMKilled: container.oomKilled,
      Dead: false,
      Pid: container.state === 'running' ? container.pid : 0,
      ExitCode: container.exitCode,
      Error: '',
      StartedAt: container.started === undefined ? NEVER : rfc3339Nano(container.started),
      FinishedAt: container.finished === undefined ? NEVER : rfc3339Nano(container.finished),
      ...(container.health && { Health: { Status: container.health, FailingStreak: 0, Log: [] } })
    },
    Image: imageId,
    LogPath: logPath,
    Name: `/${name}`,
    RestartCount: container.restarts,
    Driver: 'overlay2',
    Platform: 'linux',
    HostConfig: {
      NetworkMode: 'host',
      LogConfig: { Type: 'json-file', Config: logOptions },
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 0 },
      AutoRemove: false
    },
    GraphDriver: { Name: 'overlay2', Data: { UpperDir: container.upperDir, LowerDir: '' } },
    Mounts: container.mounts.map(({ source, destination }) => ({
      Type: source === undefined ? 'tmpfs' : 'bind',
      Source: source ?? '',
      Destination: destination
    })),
    Config: {
      Hostname: id.slice(0, 12),
      Tty: false,
      Env: env,
      Cmd: null,
      Image: image,
      Labels: labels
    },
    NetworkSettings: { Networks: {} }
  }
}

/** What stands beside every event of a container: its labels, image and name. */
export function attributesOf(container: Container): Record<string, string> {
  return { ...container.labels, image: container.image, name: container.name }
}

/** The `attrs` of every log record, '' where the log options ask for none. Keys are sorted, as Go does it. */
export function logAttributes(options: LogOptions, labels: Record<string, string>, env: string[]): string {
  const variables = Object.fromEntries(
    env.map((line) => [line.split('=', 1)[0] ?? '', line.replace(/^[^=]*=/, '')])
  )
  const wanted = [...namesIn(options.labels, labels), ...namesIn(options.env, variables)]
  return wanted.length === 0
    ? ''
    : JSON.stringify(Object.fromEntries(wanted.sort(([a], [b]) => (a < b ? -1 : 1))))
}

function namesIn(list: string | undefined, values: Record<string, string>): [string, string][] {
  return (list ?? '').split(',').flatMap((name): [string, string][] => {
    const value = values[name]
    return value === undefined ? [] : [[name, value]]
  })
}

/** Of an image that is known by its name alone. */
export function imageIdOf(image: string): string {
  return `sha256:${createHash('sha256').update(image).digest('hex')}`
}

function statusOf(container: Container): string {
  if (container.state === 'created') return 'Created'
  const health = container.health ? ` (${container.health})` : ''
  return container.state === 'running' ? `Up Less than a second${health}` : `Exited (${container.exitCode})`
}
