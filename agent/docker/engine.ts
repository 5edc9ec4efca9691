/** A Docker Engine in our words: the little that the agent asks of it. */

export interface Engine {
  info(signal: AbortSignal): Promise<EngineInfo>
  /** Every container, also stopped ones. */
  list(signal: AbortSignal): Promise<Listed[]>
  /** Undefined where there is no such container (any more). */
  inspect(id: string, signal: AbortSignal): Promise<Inspected | undefined>
  /**
   * What the engine keeps of the container's log, with time stamps. Rejects with an EngineRefusal where it does not
   * give it.
   */
  logs(id: string, asked: LogsAsked, signal: AbortSignal): Promise<LogsAnswer>
  /** One sample, without waiting for a second one. Undefined where there is no such container. */
  stats(id: string, signal: AbortSignal): Promise<EngineStats | undefined>
  /** Ends with an error where the connection does, and without one when the signal is aborted. */
  events(signal: AbortSignal): AsyncIterable<EngineEvent>
}

export interface LogsAsked {
  /** `seconds.nanoseconds`, that moment included; absent: from the beginning. */
  since?: string | undefined
  /** Goes on with what is written, as long as the container runs. */
  follow: boolean
  /** Only so many of the newest records. */
  tail?: number
}

export interface LogsAnswer {
  /** Records in frames, not bare; undefined where the engine does not say. */
  framed: boolean | undefined
  chunks: AsyncIterable<Buffer>
}

/** The engine answered, and does not give what it was asked for. */
export class EngineRefusal extends Error {
  readonly status: number

  /** `message` is the engine's own. */
  constructor(status: number, message: string) {
    super(message)
    this.name = 'EngineRefusal'
    this.status = status
  }
}

export interface EngineInfo {
  id: string
  name: string
  version: string
  os: string
  kernel: string
  arch: string
  cpus: number
  memoryBytes: number
  /** Docker's data folder as the engine sees it. */
  rootDir: string
  /** Labels of the engine itself, `key=value`. */
  labels: string[]
}

export interface Listed {
  id: string
  state: string
  /** Changes with health and restarts: "Up 2 hours (healthy)". */
  status: string
  name: string
}

export interface EngineEvent {
  container: string
  /** `start`, `kill`, `die`, `oom`, `rename`, `health_status: healthy`, `destroy` … */
  action: string
  atMs: number
  /** Labels, image and name of the container, and what the action adds (exitCode). */
  attributes: Record<string, string>
}

/** The parts of `docker inspect` that the agent uses, named as Docker names them. */
export interface Inspected {
  Id: string
  Name: string
  Created: string
  Image: string
  LogPath?: string
  RestartCount?: number
  State: {
    Status: string
    Running?: boolean
    /** 0 where it does not run. */
    Pid?: number
    StartedAt?: string
    FinishedAt?: string
    ExitCode?: number
    OOMKilled?: boolean
    Health?: { Status: string } | undefined
  }
  Config: {
    Image: string
    Env?: string[] | null
    Tty?: boolean
    Labels?: Record<string, string> | null
  }
  HostConfig: {
    LogConfig: { Type: string; Config?: Record<string, string> | null }
    NetworkMode?: string
    RestartPolicy?: { Name?: string }
    Tmpfs?: Record<string, string> | null
  }
  GraphDriver?: { Name?: string; Data?: Record<string, string> | null } | null
  Mounts?: { Type?: string; Source?: string; Destination: string }[] | null
}

/** The parts of GET /containers/<id>/stats that the agent uses, named as Docker names them. */
export interface EngineStats {
  cpu_stats?: {
    cpu_usage?: {
      total_usage?: number
      usage_in_usermode?: number
      usage_in_kernelmode?: number
    }
    online_cpus?: number
    throttling_data?: { periods?: number; throttled_periods?: number; throttled_time?: number }
  }
  memory_stats?: { usage?: number; limit?: number; stats?: Record<string, number> }
  pids_stats?: { current?: number; limit?: number }
  blkio_stats?: {
    io_service_bytes_recursive?: EngineBlockStat[] | null
    io_serviced_recursive?: EngineBlockStat[] | null
  }
  networks?: Record<string, Record<string, unknown>>
}

export interface EngineBlockStat {
  op: string
  value: number
}
