/** The agent's settings: read once from the environment, checked, and handed on as one typed value. */
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { type EngineAddress, remoteEngine } from './docker/address.ts'
import type { LogAccess } from './facts.ts'
import { type AgentOption, choiceOf, integerOf, textOf, wrong } from './option.ts'
import {
  hostAddressOf,
  hostLabelsOf,
  ORDER_OPTIONS,
  type OrderSettings,
  readOrderSettings
} from './orders/settings.ts'
import { fingerprintOf, type Trust } from './ship/trust.ts'
import { type HostApp, readHostApps } from './sources/host-apps.ts'

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

export const LOG_ACCESSES = ['auto', 'files', 'api'] as const satisfies readonly LogAccess[]

export const AGENT_OPTIONS = {
  hubUrl: {
    name: 'DRIFTLOG_HUB_URL',
    kind: 'address',
    default: 'http://127.0.0.1:7400',
    description: 'Address of the hub, http or https.'
  },
  caFile: {
    name: 'DRIFTLOG_HUB_CA_FILE',
    kind: 'path',
    description:
      'PEM file with the authority that vouches for the hub’s certificate. Default: the authorities of the system.'
  },
  fingerprint: {
    name: 'DRIFTLOG_HUB_FINGERPRINT',
    kind: 'text',
    description:
      'The hub’s certificate is exactly this one, as sha256:… (the hub prints it), whoever vouches for it and whatever its dates; several with commas between, while one is renewed.'
  },
  joinToken: {
    name: 'DRIFTLOG_JOIN_TOKEN',
    kind: 'text',
    secret: true,
    description:
      'Needed once, when an agent first speaks to a hub that is not on loopback; the agent then gets a key of its own.'
  },
  joinTokenFile: {
    name: 'DRIFTLOG_JOIN_TOKEN_FILE',
    kind: 'path',
    description:
      'File with the join token, read when it is needed; the agent waits for it. DRIFTLOG_JOIN_TOKEN wins over it.'
  },
  socketPath: {
    name: 'DRIFTLOG_DOCKER_SOCKET',
    kind: 'path',
    default: '/var/run/docker.sock',
    description:
      'Unix socket of the Docker Engine. Without it, DOCKER_HOST counts: unix:///path, or tcp://host:port of an engine on another machine, with TLS where DOCKER_TLS_VERIFY or DOCKER_CERT_PATH (ca.pem, cert.pem, key.pem) is set.'
  },
  stateDir: {
    name: 'DRIFTLOG_STATE_DIR',
    kind: 'path',
    description:
      'Folder of the agent’s id and key; one agent per folder. Default: /var/lib/driftlog-agent for root, else driftlog-agent under $XDG_STATE_HOME or ~/.local/state.'
  },
  environment: {
    name: 'DRIFTLOG_ENVIRONMENT',
    kind: 'text',
    default: 'default',
    maximum: 255,
    description: 'Environment of containers whose labels name none, e.g. production.'
  },
  hostName: {
    name: 'DRIFTLOG_HOST_NAME',
    kind: 'text',
    maximum: 255,
    description: 'Name under which this host is shown. Default: the engine’s.'
  },
  port: {
    name: 'DRIFTLOG_AGENT_PORT',
    kind: 'integer',
    default: 9464,
    minimum: 0,
    maximum: 65_535,
    description:
      'Port on 127.0.0.1 for /metrics and /healthz; 0 takes any free one. If it is taken, the agent says so and goes on without.'
  },
  pollMs: {
    name: 'DRIFTLOG_POLL_MS',
    kind: 'integer',
    default: 100,
    minimum: 5,
    maximum: 10_000,
    description:
      'Milliseconds between two looks at a log that is being written to. Logs whose rotated files hold little are looked at more often.'
  },
  idlePollMs: {
    name: 'DRIFTLOG_IDLE_POLL_MS',
    kind: 'integer',
    default: 5000,
    minimum: 100,
    maximum: 600_000,
    description: 'Milliseconds between two looks at a quiet log, whose folder is watched meanwhile.'
  },
  gatherMs: {
    name: 'DRIFTLOG_GATHER_MS',
    kind: 'integer',
    default: 0,
    minimum: 0,
    maximum: 60_000,
    description: 'Milliseconds to gather at least between two deliveries; the hub may ask for more.'
  },
  rescanMs: {
    name: 'DRIFTLOG_RESCAN_MS',
    kind: 'integer',
    default: 30_000,
    minimum: 100,
    maximum: 3_600_000,
    description: 'Milliseconds between two listings of all containers, beside the engine’s events.'
  },
  holdMaxBytes: {
    name: 'DRIFTLOG_HOLD_MAX_BYTES',
    kind: 'integer',
    default: 1024 ** 3,
    minimum: 0,
    maximum: 2 ** 50,
    description:
      'Bytes of rotated files that Docker has deleted and the agent keeps open until the hub has them. Beyond this, or beyond 2000 files, the oldest is let go and told as a gap.'
  },
  containersDir: {
    name: 'DRIFTLOG_CONTAINERS_DIR',
    kind: 'path',
    description:
      'Where Docker’s containers folder is for the agent, if it runs in a container and sees it elsewhere than the engine says.'
  },
  hostRoot: {
    name: 'DRIFTLOG_HOST_ROOT',
    kind: 'path',
    description:
      'Where the host’s root folder is for the agent, if it runs in a container and sees it elsewhere, e.g. /host. Files inside containers (label driftlog.files) and of the host are read below it.'
  },
  statsIntervalMs: {
    name: 'DRIFTLOG_STATS_INTERVAL_MS',
    kind: 'integer',
    default: 10_000,
    minimum: 0,
    maximum: 60_000,
    description:
      'Milliseconds between two looks at CPU, memory, network and the like of this host and its containers; at least 1000. 0 switches them off.'
  },
  cgroupDir: {
    name: 'DRIFTLOG_CGROUP_DIR',
    kind: 'path',
    default: '/sys/fs/cgroup',
    description:
      'Where the host’s control groups are for the agent. Where a container’s are not readable there, the engine is asked instead.'
  },
  procDir: {
    name: 'DRIFTLOG_PROC_DIR',
    kind: 'path',
    default: '/proc',
    description:
      'Where the host’s /proc is for the agent, if it runs in a container and sees it elsewhere, e.g. /host/proc.'
  },
  hostFiles: {
    name: 'DRIFTLOG_HOST_FILES',
    kind: 'text',
    maximum: 65_536,
    description:
      'Log files of the host itself, one app each, apart by ; or newlines: app=nginx env=production /var/log/nginx/*.log; app=cron /var/log/cron.log. Patterns as in the label driftlog.files; env may be absent.'
  },
  logAccess: {
    name: 'DRIFTLOG_LOG_ACCESS',
    kind: 'text',
    default: 'auto',
    oneOf: LOG_ACCESSES,
    description:
      'How the containers’ own logs are read: "files" of the json-file driver, which promises most and costs least; the "api" of the engine; "auto": files where they can be read, else the api. An engine on another machine has only the api.'
  },
  journalUnits: {
    name: 'DRIFTLOG_JOURNAL_UNITS',
    kind: 'text',
    maximum: 65_536,
    description:
      'Units of systemd whose messages are read from the host’s journal, with blanks or commas between: nginx.service, orders@*, * for all, kernel. Without it the journal is not read.'
  },
  journalDir: {
    name: 'DRIFTLOG_JOURNAL_DIR',
    kind: 'path',
    description:
      'Folder of the journal’s files, if the agent runs in a container and sees it elsewhere, e.g. /host/var/log/journal.'
  },
  logCheckMs: {
    name: 'DRIFTLOG_LOG_CHECK_MS',
    kind: 'integer',
    default: 60_000,
    minimum: 100,
    maximum: 86_400_000,
    description:
      'Milliseconds of silence after which the engine is asked whether a log that it gives by its api has more: connections die without a word.'
  },
  spoolMaxBytes: {
    name: 'DRIFTLOG_SPOOL_MAX_BYTES',
    kind: 'integer',
    default: 1024 ** 3,
    minimum: 1024 ** 2,
    maximum: 2 ** 50,
    description:
      'Bytes in the state folder that wait for the hub, of logs that the engine’s api or the journal gave. Beyond this the agent stops asking for more, until the hub has taken some.'
  },
  logLevel: {
    name: 'DRIFTLOG_LOG_LEVEL',
    kind: 'text',
    default: 'info',
    oneOf: LOG_LEVELS,
    description: 'How much the agent says of itself on standard error.'
  },
  ...ORDER_OPTIONS
} as const satisfies Record<string, AgentOption>

export interface Config {
  hubUrl: URL
  trust: Trust
  joinToken: string | undefined
  /** An absolute path. */
  joinTokenFile: string | undefined
  engine: EngineAddress
  /** An absolute path. */
  stateDir: string
  environment: string
  hostName: string | undefined
  /** 0 takes any free port. */
  port: number
  pollMs: number
  idlePollMs: number
  gatherMs: number
  rescanMs: number
  holdMaxBytes: number
  containersDir: string | undefined
  /** '' where it is the agent's own. */
  hostRoot: string
  procDir: string
  hostFiles: HostApp[]
  logAccess: LogAccess
  journalUnits: string | undefined
  journalDir: string | undefined
  logCheckMs: number
  spoolMaxBytes: number
  /** 0: no stats. */
  statsIntervalMs: number
  cgroupDir: string
  logLevel: (typeof LOG_LEVELS)[number]
  /** Under which others reach the instances of this host; undefined: its first address. */
  hostAddress: string | undefined
  hostLabels: Record<string, string>
  /** Undefined where no orders are taken. */
  orders: OrderSettings | undefined
}

/** Throws DRIFTLOG_CONFIG with the name of the variable and what it should be. Empty counts as not set. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const { hubUrl, joinToken, joinTokenFile, environment, hostName, containersDir } = AGENT_OPTIONS
  const tokenFile = textOf(env, joinTokenFile)
  const containers = textOf(env, containersDir)
  const hub = addressOf(env, hubUrl)
  const engine = engineOf(env)
  const journalDir = textOf(env, AGENT_OPTIONS.journalDir)
  return {
    hubUrl: hub,
    trust: trustOf(env, hub),
    joinToken: textOf(env, joinToken),
    joinTokenFile: tokenFile && resolve(tokenFile),
    engine,
    stateDir: stateDirOf(env),
    environment: textOf(env, environment) ?? environment.default,
    hostName: textOf(env, hostName),
    port: integerOf(env, AGENT_OPTIONS.port),
    pollMs: integerOf(env, AGENT_OPTIONS.pollMs),
    idlePollMs: integerOf(env, AGENT_OPTIONS.idlePollMs),
    gatherMs: integerOf(env, AGENT_OPTIONS.gatherMs),
    rescanMs: integerOf(env, AGENT_OPTIONS.rescanMs),
    holdMaxBytes: integerOf(env, AGENT_OPTIONS.holdMaxBytes),
    containersDir: containers && resolve(containers),
    hostRoot: rootOf(env),
    procDir: resolve(textOf(env, AGENT_OPTIONS.procDir) ?? AGENT_OPTIONS.procDir.default),
    hostFiles: hostFilesOf(env, textOf(env, environment) ?? environment.default),
    statsIntervalMs: intervalOf(env),
    cgroupDir: resolve(textOf(env, AGENT_OPTIONS.cgroupDir) ?? AGENT_OPTIONS.cgroupDir.default),
    logAccess: accessOf(env, engine),
    journalUnits: textOf(env, AGENT_OPTIONS.journalUnits),
    journalDir: journalDir && resolve(journalDir),
    logCheckMs: integerOf(env, AGENT_OPTIONS.logCheckMs),
    spoolMaxBytes: integerOf(env, AGENT_OPTIONS.spoolMaxBytes),
    logLevel: choiceOf(env, AGENT_OPTIONS.logLevel, LOG_LEVELS),
    hostAddress: hostAddressOf(env),
    hostLabels: hostLabelsOf(env),
    orders: readOrderSettings(env)
  }
}

/** What is said to this hub can be read on the way. */
export function isClear(hub: URL): boolean {
  return hub.protocol === 'http:' && !/^(?:localhost|127\.[\d.]+|\[::1\])$/.test(hub.hostname)
}

/** Below a second the agent would be busy with itself. */
function intervalOf(env: NodeJS.ProcessEnv): number {
  const { statsIntervalMs } = AGENT_OPTIONS
  const intervalMs = integerOf(env, statsIntervalMs)
  if (intervalMs === 0 || intervalMs >= 1000) return intervalMs
  throw wrong(statsIntervalMs.name, '0, or a whole number from 1000 to 60000', String(intervalMs))
}

function addressOf(env: NodeJS.ProcessEnv, option: AgentOption & { default: string }): URL {
  const text = textOf(env, option) ?? option.default
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.username || url?.password)
    throw wrong(option.name, 'an address without a name and password in it', 'one with them')
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  throw wrong(option.name, 'an address such as https://logs.example.com:7400', text)
}

function trustOf(env: NodeJS.ProcessEnv, hub: URL): Trust {
  const { caFile, fingerprint } = AGENT_OPTIONS
  const file = textOf(env, caFile)
  const text = textOf(env, fingerprint)
  if (file === undefined && text === undefined) return {}
  const name = text === undefined ? caFile.name : fingerprint.name
  if (hub.protocol === 'http:')
    throw wrong(name, 'left away for a hub that is reached by http, or DRIFTLOG_HUB_URL one by https', 'set')
  if (file !== undefined && text !== undefined)
    throw wrong(name, `left away where ${caFile.name} is set: one of them says whom to trust`, 'set as well')
  if (text === undefined) return { caFile: file && resolve(file) }
  return {
    fingerprints: text.split(',').map((one) => {
      const known = fingerprintOf(one)
      if (known === undefined)
        throw wrong(name, 'sha256: and 64 hex digits, several with commas between', one)
      return known
    })
  }
}

function engineOf(env: NodeJS.ProcessEnv): EngineAddress {
  const own = textOf(env, AGENT_OPTIONS.socketPath)
  if (own !== undefined) return { socketPath: resolve(own.replace(/^unix:\/\//, '')) }
  const engine = env['DOCKER_HOST']?.trim()
  if (!engine) return { socketPath: AGENT_OPTIONS.socketPath.default }
  if (engine.startsWith('unix://')) return { socketPath: resolve(engine.slice('unix://'.length)) }
  return remoteEngine(engine, env)
}

function accessOf(env: NodeJS.ProcessEnv, engine: EngineAddress): LogAccess {
  const { logAccess } = AGENT_OPTIONS
  const access = choiceOf(env, logAccess, LOG_ACCESSES)
  if ('socketPath' in engine) return access
  if (access === 'files')
    throw wrong(logAccess.name, '"api" or not set, as DOCKER_HOST is another machine', access)
  return 'api'
}

function stateDirOf(env: NodeJS.ProcessEnv): string {
  const own = textOf(env, AGENT_OPTIONS.stateDir)
  if (own !== undefined) return resolve(own)
  if (process.getuid?.() === 0) return '/var/lib/driftlog-agent'
  const states = env['XDG_STATE_HOME'] ?? ''
  return join(isAbsolute(states) ? states : join(homedir(), '.local', 'state'), 'driftlog-agent')
}

function rootOf(env: NodeJS.ProcessEnv): string {
  const root = resolve(textOf(env, AGENT_OPTIONS.hostRoot) ?? '/')
  return root === '/' ? '' : root
}

function hostFilesOf(env: NodeJS.ProcessEnv, environment: string): HostApp[] {
  const { hostFiles } = AGENT_OPTIONS
  const read = readHostApps(textOf(env, hostFiles) ?? '', environment)
  if (Array.isArray(read)) return read
  throw wrong(
    hostFiles.name,
    'like app=nginx env=production /var/log/nginx/*.log; app=…',
    `wrong: ${read.why}`
  )
}
