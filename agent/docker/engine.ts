/** A Docker Engine in our words: the little that the agent asks of it. */

export interface Engine {
  info(signal: AbortSignal): Promise<EngineInfo>
  /** Every container, also stopped ones. */
  list(signal: AbortSignal): Promise<Listed[]>
  /** Undefined where there is no such container (any more). */
  inspect(id: string, signal: AbortSignal): Promise<Inspected | undefined>
  /** Ends with an error where the connection does, and without one when the signal is aborted. */
  events(signal: AbortSignal): AsyncIterable<EngineEvent>
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
  /** `start`, `die`, `oom`, `rename`, `health_status: healthy`, `destroy` … */
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
    Labels?: Record<string, string> | null
  }
  HostConfig: {
    LogConfig: { Type: string; Config?: Record<string, string> | null }
    Tmpfs?: Record<string, string> | null
  }
  GraphDriver?: { Name?: string; Data?: Record<string, string> | null } | null
  Mounts?: { Type?: string; Source?: string; Destination: string }[] | null
}
