/**
 * What carrying out orders asks of a Docker Engine, beside looking at it. Where the engine answered and refused, each
 * rejects with an EngineRefusal; any other error means that nobody knows whether it was done.
 */
import type { Engine, Inspected } from './engine.ts'

export interface ActingEngine extends Pick<Engine, 'inspect' | 'logs'> {
  /** Ids of all containers with these labels (`name` or `name=value`), also of stopped ones. */
  labelled(labels: readonly string[], signal: AbortSignal): Promise<string[]>
  /** By name, name and digest, or id. Undefined where the engine has none. */
  image(name: string, signal: AbortSignal): Promise<EngineImage | undefined>
  /** Ends when the image is there. Throws what the registry says. */
  pull(asked: PullAsked, signal: AbortSignal): AsyncIterable<PullProgress>
  /** Answers its id. */
  create(name: string, container: NewContainer, signal: AbortSignal): Promise<string>
  /** Does nothing where it runs. */
  start(id: string, signal: AbortSignal): Promise<void>
  setRestartPolicy(id: string, policy: RestartPolicy, signal: AbortSignal): Promise<void>
  /** Asks it to end, and kills it after `graceMs`. Does nothing where it does not run, or is gone. */
  stop(id: string, graceMs: number, signal: AbortSignal): Promise<void>
  /** With its anonymous volumes. Does nothing where it is gone. */
  remove(id: string, signal: AbortSignal): Promise<void>
  /** Runs a command in the container without waiting for it; answers a name for it. */
  exec(id: string, command: readonly string[], signal: AbortSignal): Promise<string>
  /** The exit code; undefined while it runs. */
  execEnd(exec: string, signal: AbortSignal): Promise<number | undefined>
}

export type RestartPolicy = 'no' | 'unless-stopped'

export interface EngineImage {
  id: string
  /** `registry.example.org/shop/orders:1.4` */
  tags: string[]
  /** `registry.example.org/shop/orders@sha256:…` */
  digests: string[]
}

export interface PullAsked {
  /** Without tag and digest. */
  name: string
  /** A tag, or a digest. */
  version: string
  credentials: RegistryCredentials | undefined
}

export interface RegistryCredentials {
  username?: string
  password?: string
  identitytoken?: string
  serveraddress: string
}

export interface PullProgress {
  /** Of the engine, such as `Pulling fs layer`, `Download complete`. */
  status: string
  /** Of a layer; absent: of the whole. */
  layer: string | undefined
}

/** The body of POST /containers/create, as far as the agent says anything. */
export interface NewContainer {
  Image: string
  Entrypoint?: string[]
  Cmd?: string[]
  Env: string[]
  Labels: Record<string, string>
  User?: string
  WorkingDir?: string
  /** Seconds. */
  StopTimeout: number
  HostConfig: {
    NetworkMode: 'host'
    RestartPolicy: { Name: RestartPolicy }
    LogConfig: { Type: string; Config: Record<string, string> }
    Mounts: { Type: 'bind' | 'volume'; Source: string; Target: string; ReadOnly: boolean }[]
    NanoCpus?: number
    Memory?: number
    PidsLimit?: number
  }
}

/** It runs, or will without anybody's help. */
export function isUp({ State: { Status, Running } }: Inspected): boolean {
  return Running === true || Status === 'restarting'
}
