/** The container that an instance becomes: from what was ordered to what the engine is asked for. Pure. */
import type { NewContainer } from '../docker/acting-engine.ts'
import type { InstanceSpec } from '../protocol-orders.ts'
import type { Mount } from './mounts.ts'

/** By these a container is found again; the order's own count more than those of the definition. */
export const LABELS = {
  app: 'driftlog.app',
  environment: 'driftlog.env',
  slot: 'driftlog.slot',
  deploy: 'driftlog.deploy',
  order: 'driftlog.order',
  version: 'driftlog.version',
  port: 'driftlog.port',
  check: 'driftlog.check',
  stopGraceMs: 'driftlog.stop-grace-ms'
} as const

export interface ContainerParts {
  order: string
  /** As the engine knows it. */
  image: string
  /** Handed in as HOST_IP. */
  address: string
  mounts: Mount[]
  /** Values of the secrets, by variable. */
  secrets: Record<string, string>
}

export interface Slot {
  app: string
  environment: string
  slot: number
}

/** Never the name of another one: every order has an id of its own. */
export function containerName({ app, environment, slot }: Slot, order: string): string {
  return `${app}-${environment}-${slot}-${order}`
}

/** Labels that all containers of the slot have that an agent has made. */
export function slotLabels({ app, environment, slot }: Slot): string[] {
  return [
    LABELS.order,
    `${LABELS.app}=${app}`,
    `${LABELS.environment}=${environment}`,
    `${LABELS.slot}=${slot}`
  ]
}

/** It is not started again by the engine until it is the one that counts. */
export function containerOf(spec: InstanceSpec, parts: ContainerParts): NewContainer {
  const { entrypoint, command, cpus, memoryBytes, pidsLimit, user, workingDir } = spec
  const given = { PORT: String(spec.port), HOST_IP: parts.address }
  const fill = (text: string) => filled(text, given)
  const env = Object.entries(spec.env).map(([name, text]) => [name, fill(text)] as const)
  const variables = new Map([...env, ...Object.entries(parts.secrets), ...Object.entries(given)])
  return {
    Image: parts.image,
    ...(entrypoint && { Entrypoint: entrypoint.map(fill) }),
    ...(command && { Cmd: command.map(fill) }),
    Env: [...variables].map(([name, value]) => `${name}=${value}`),
    Labels: { ...spec.labels, ...orderLabels(spec, parts.order) },
    ...(user !== undefined && { User: user }),
    ...(workingDir !== undefined && { WorkingDir: workingDir }),
    StopTimeout: Math.ceil(spec.stopGraceMs / 1000),
    HostConfig: {
      NetworkMode: 'host',
      RestartPolicy: { Name: 'no' },
      LogConfig: {
        Type: 'json-file',
        Config: { 'max-size': String(spec.logMaxBytes), 'max-file': String(spec.logMaxFiles) }
      },
      Mounts: parts.mounts.map(({ kind, source, target, readOnly }) => {
        return { Type: kind, Source: source, Target: target, ReadOnly: readOnly }
      }),
      ...(cpus !== undefined && { NanoCpus: Math.round(cpus * 1e9) }),
      ...(memoryBytes !== undefined && { Memory: memoryBytes }),
      ...(pidsLimit !== undefined && { PidsLimit: pidsLimit })
    }
  }
}

/** `${PORT}`, `${HOST_IP}`; `$$` is one `$`. Everything else stays. */
export function filled(text: string, given: { PORT: string; HOST_IP: string }): string {
  return text.replace(/\$\$|\$\{(PORT|HOST_IP)\}/g, (_, name?: 'PORT' | 'HOST_IP') => {
    return name === undefined ? '$' : given[name]
  })
}

function orderLabels(spec: InstanceSpec, order: string): Record<string, string> {
  return {
    [LABELS.app]: spec.app,
    [LABELS.environment]: spec.environment,
    [LABELS.slot]: String(spec.slot),
    [LABELS.deploy]: spec.deploy,
    [LABELS.order]: order,
    [LABELS.version]: String(spec.version),
    [LABELS.port]: String(spec.port),
    [LABELS.check]: JSON.stringify(spec.health),
    [LABELS.stopGraceMs]: String(spec.stopGraceMs)
  }
}
