/** One instance as an agent is to run it, with everything that a definition leaves open. Pure. */
import { createHash } from 'node:crypto'
import type { HealthCheck, ImageAsked, InstanceSpec, SecretAsked } from '../../agent/protocol-orders.ts'
import { cutCommandLine } from './command-line.ts'
import type { Wanted } from './definition.ts'
import { composeLabels, ownLabels, projectOf } from './labels.ts'
import { volumesOf } from './volumes.ts'

export interface SpecAsked {
  app: string
  environment: string
  /** Counts from 1. */
  slot: number
  /** Its id. */
  deploy: string
  /** Of the definition. */
  version: number
  wanted: Wanted
  image: ImageAsked
  port: number
}

const MIB = 2 ** 20
const LOG_MAX_MIB = 10
const LOG_MAX_FILES = 3
const STOP_GRACE_SECONDS = 10
/** With a kind of check. Two in a row, for what answers once may still be falling over. */
const CHECKED = { everySeconds: 2, timeoutSeconds: 5, withinSeconds: 60, successes: 2 }
/** Without: it runs on for so many seconds, which is every × successes. */
const RUNNING = { ...CHECKED, everySeconds: 1, successes: 10 }

/** `wanted` is one that wantedOf() has given. */
export function specOf({
  app,
  environment,
  slot,
  deploy,
  version,
  wanted,
  image,
  port
}: SpecAsked): InstanceSpec {
  const project = projectOf(app, environment)
  const { entrypoint, user, workingDir, resources = {}, logs = {} } = wanted
  const { cpus, memoryMiB, pids } = resources
  const command = commandOf(wanted)
  const same = {
    app,
    environment,
    image,
    ...(entrypoint ? { entrypoint } : {}),
    ...(command ? { command } : {}),
    env: envOf(wanted),
    secrets: secretsOf(wanted),
    volumes: volumesOf(project, wanted.volumes ?? []),
    health: healthOf(wanted),
    ...(cpus === undefined ? {} : { cpus }),
    ...(memoryMiB === undefined ? {} : { memoryBytes: memoryMiB * MIB }),
    ...(pids === undefined ? {} : { pidsLimit: pids }),
    ...(user === undefined ? {} : { user }),
    ...(workingDir === undefined ? {} : { workingDir }),
    logMaxBytes: (logs.maxSizeMiB ?? LOG_MAX_MIB) * MIB,
    logMaxFiles: logs.maxFiles ?? LOG_MAX_FILES,
    stopGraceMs: milliseconds(wanted.stopGraceSeconds ?? STOP_GRACE_SECONDS)
  }
  const own = ownLabels(app, environment, wanted)
  const labels = { ...own, ...composeLabels(app, environment, slot, hashOf({ ...same, labels: own })) }
  return { ...same, slot, deploy, version, port, labels }
}

/** Undefined: the image's own. */
export function commandOf({ command }: Pick<Wanted, 'command'>): string[] | undefined {
  if (typeof command !== 'string') return command
  const cut = cutCommandLine(command)
  return 'words' in cut ? cut.words : undefined
}

export function healthOf({ health = {} }: Pick<Wanted, 'health'>): HealthCheck {
  const { http, tcp, command, log } = health
  const standard = http || tcp || command || log !== undefined ? CHECKED : RUNNING
  const { everySeconds, timeoutSeconds, withinSeconds, successes } = { ...standard, ...health }
  return {
    ...(http ? { http } : {}),
    ...(tcp ? { tcp } : {}),
    ...(command ? { command } : {}),
    ...(log === undefined ? {} : { log }),
    everyMs: milliseconds(everySeconds),
    timeoutMs: milliseconds(timeoutSeconds),
    withinMs: milliseconds(withinSeconds),
    successes
  }
}

export function envOf({ env = {} }: Pick<Wanted, 'env'>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, String(value)]))
}

function secretsOf({ secrets = {} }: Wanted): SecretAsked[] {
  return Object.entries(secrets).map(([name, secret]) => ({ name, ...secret }))
}

/** The same for what runs alike, as compose has it: whoever compares two sees whether one must be made anew. */
function hashOf(configuration: object): string {
  return createHash('sha256').update(JSON.stringify(configuration)).digest('hex')
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000)
}
