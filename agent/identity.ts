/**
 * Which app a container belongs to, by its labels. The first platform that has a word wins:
 *
 * | platform | app | environment |
 * |---|---|---|
 * | `driftlog.app`, `driftlog.env` | as they say | as they say |
 * | Docker Compose | service; `project-service` where the service's name says little (`web`, `db` …) | |
 * | Docker Swarm | service, without the stack in front of it where the rest says enough | |
 * | Rancher 1.x | stack/service: as for Compose | |
 * | Kubernetes | workload (the pod's name without its hashes), `/container` where that is called otherwise | namespace |
 * | Nomad | task, or `job-task` where the names differ; without both, as the container's name | namespace |
 * | Amazon ECS | task family, `/container` where that is called otherwise | cluster |
 * | Coolify | service | `preview-<n>` for pull requests |
 * | none | `dev.dozzle.name`, behind `dev.dozzle.group`; else the container's name without replica numbers and hashes | |
 *
 * `driftlog.env` names the environment on every platform. A host's own environment (DRIFTLOG_ENVIRONMENT)
 * stands where the platform has none.
 */
import type { InstanceFacts } from './protocol.ts'

export type IdentityKind = InstanceFacts['identity']

export interface Identity {
  app: string
  environment: string
  replica: string | undefined
  kind: IdentityKind
}

export interface Described {
  /** Without the slash in front. */
  name: string
  labels: Readonly<Record<string, string>>
  /** `KEY=value` */
  env: readonly string[]
}

export function identify(container: Described, environment: string): Identity {
  const { labels, name } = container
  const found = fromLabels(labels, name) ?? dozzle(labels, name) ?? fromName(name)
  const app = clean(labels['driftlog.app']) ?? found.app
  return {
    app: limit(app),
    environment: limit(clean(labels['driftlog.env']) ?? found.environment ?? environment),
    replica: clean(found.replica)?.slice(0, 255),
    kind: clean(labels['driftlog.app']) === undefined ? found.kind : 'driftlog'
  }
}

/** Why this container's log is not to be read, where somebody wishes so. */
export function optOut({ labels, env }: Described): string | undefined {
  if (isNo(labels['driftlog.enable'])) return 'opted out by the label driftlog.enable'
  if (isYes(labels['driftlog.enable'])) return undefined
  if (isNo(labels['co.elastic.logs/enabled'])) return 'opted out by the label co.elastic.logs/enabled'
  if (env.some((line) => /^LOGSPOUT=ignore$/i.test(line.trim()))) return 'opted out by LOGSPOUT=ignore'
  const pause =
    labels['io.kubernetes.docker.type'] === 'podsandbox' || labels['io.kubernetes.container.name'] === 'POD'
  return pause ? 'a pod sandbox, which writes nothing' : undefined
}

interface Found {
  app: string
  kind: IdentityKind
  environment?: string | undefined
  replica?: string | undefined
}

type Labels = Readonly<Record<string, string>>

/** Coolify's containers also carry Compose's labels, so it is asked before Compose; see the order below. */
function fromLabels(labels: Labels, name: string): Found | undefined {
  for (const platform of [coolify, compose, swarm, rancher, kubernetes, nomad, ecs]) {
    const found = platform(labels, name)
    if (found) return found
  }
  return undefined
}

/** Service names that say nothing without their project. */
const PLAIN = new Set([
  ...['api', 'app', 'application', 'backend', 'cache', 'client', 'cron', 'database', 'db', 'elasticsearch'],
  ...['frontend', 'gateway', 'http', 'main', 'mariadb', 'memcached', 'mongo', 'mongodb', 'mysql', 'nginx'],
  ...['node', 'php', 'php-fpm', 'postgres', 'postgresql', 'proxy', 'queue', 'rabbitmq', 'redis', 'scheduler'],
  ...['server', 'service', 'site', 'traefik', 'ui', 'web', 'webapp', 'worker']
])

/** `orders` of the project `shop` is `orders`; `web` of the project `shop` is `shop-web`. */
function within(project: string | undefined, service: string): string {
  if (!project || service === project || service.startsWith(`${project}-`)) return service
  return PLAIN.has(service.toLowerCase()) ? `${project}-${service}` : service
}

function compose(labels: Labels): Found | undefined {
  const service = clean(labels['com.docker.compose.service'])
  if (!service) return undefined
  const oneOff = isYes(labels['com.docker.compose.oneoff'])
  const number = clean(labels['com.docker.compose.container-number'])
  return {
    app: within(clean(labels['com.docker.compose.project']), service),
    replica: oneOff ? 'run' : number,
    kind: 'compose'
  }
}

function swarm(labels: Labels): Found | undefined {
  const full = clean(labels['com.docker.swarm.service.name'])
  if (!full) return undefined
  const stack = clean(labels['com.docker.stack.namespace'])
  const service = stack && full.startsWith(`${stack}_`) ? full.slice(stack.length + 1) : full
  // `stack_service.slot.taskid`; the slot of a global service is the node's id.
  const slot = (labels['com.docker.swarm.task.name'] ?? '').slice(full.length + 1).split('.', 1)[0]
  return { app: within(stack, service), replica: clean(slot), kind: 'swarm' }
}

function rancher(labels: Labels): Found | undefined {
  const full = clean(
    labels['io.rancher.stack_service.name'] ?? labels['io.rancher.project_service.name'] ?? undefined
  )
  if (!full) return undefined
  const parts = full.split('/')
  const service = parts.slice(1).join('-') || full
  const number = /-(\d+)$/.exec(labels['io.rancher.container.name'] ?? '')?.[1]
  return {
    app: within(parts.length > 1 ? parts[0] : undefined, service),
    environment: clean(labels['io.rancher.environment.name']),
    replica: number,
    kind: 'rancher'
  }
}

function kubernetes(labels: Labels): Found | undefined {
  const pod = clean(labels['io.kubernetes.pod.name'])
  if (!pod) return undefined
  const { workload, replica } = workloadOf(pod)
  const container = clean(labels['io.kubernetes.container.name'])
  const named = container === undefined || container === workload || workload.startsWith(`${container}-`)
  return {
    app: named ? workload : `${workload}/${container}`,
    environment: clean(labels['io.kubernetes.pod.namespace']),
    replica,
    kind: 'kubernetes'
  }
}

/** Kubernetes makes its suffixes of these only: no vowels, nothing that looks like another. */
const POD_HASH = '[bcdfghjklmnpqrstvwxz2456789]'

/** Deployment `<name>-<hash>-<5>`, stateful set `<name>-<number>`, daemon set and job `<name>-<5>`. */
function workloadOf(pod: string): { workload: string; replica: string | undefined } {
  const deployment = new RegExp(`^(.+)-${POD_HASH}{6,10}-(${POD_HASH}{5})$`).exec(pod)
  if (deployment) return { workload: deployment[1] ?? pod, replica: deployment[2] }
  // A cron job's pods carry the minute in which they were due: `<name>-28476120-x7k2p`.
  const scheduled = new RegExp(`^(.+)-\\d{8,10}-(${POD_HASH}{5})$`).exec(pod)
  if (scheduled) return { workload: scheduled[1] ?? pod, replica: scheduled[2] }
  const numbered = /^(.+)-(\d{1,4})$/.exec(pod)
  if (numbered) return { workload: numbered[1] ?? pod, replica: numbered[2] }
  const single = new RegExp(`^(.+)-(${POD_HASH}{5})$`).exec(pod)
  return { workload: single?.[1] ?? pod, replica: single?.[2] }
}

/** Without its extra labels Nomad tells the allocation alone; the container is called `<task>-<allocation>`. */
function nomad(labels: Labels, name: string): Found | undefined {
  const task = clean(labels['com.hashicorp.nomad.task_name'])
  const job = clean(labels['com.hashicorp.nomad.job_name'] ?? labels['com.hashicorp.nomad.job_id'])
  const allocation = clean(labels['com.hashicorp.nomad.alloc_id'])
  if (!task && !job && !allocation) return undefined
  const both = task && job && task !== job && !task.startsWith(`${job}-`)
  const app = both ? `${job}-${task}` : (task ?? job ?? fromName(name).app)
  return {
    app,
    environment: clean(labels['com.hashicorp.nomad.namespace']),
    replica: allocation?.slice(0, 8),
    kind: 'nomad'
  }
}

function ecs(labels: Labels): Found | undefined {
  const family = clean(labels['com.amazonaws.ecs.task-definition-family'])
  if (!family) return undefined
  const container = clean(labels['com.amazonaws.ecs.container-name'])
  const cluster = clean(labels['com.amazonaws.ecs.cluster'])
  const task = clean(labels['com.amazonaws.ecs.task-arn'])
  return {
    app: container === undefined || container === family ? family : `${family}/${container}`,
    environment: cluster?.split('/').at(-1),
    replica: task?.split('/').at(-1)?.slice(0, 8),
    kind: 'ecs'
  }
}

function coolify(labels: Labels): Found | undefined {
  const service = clean(labels['coolify.serviceName'] ?? labels['coolify.resourceName'])
  if (!service) return undefined
  const request = clean(labels['coolify.pullRequestId'])
  return {
    app: within(clean(labels['coolify.projectName']), service),
    environment: request && request !== '0' ? `preview-${request}` : clean(labels['coolify.environmentName']),
    kind: 'coolify'
  }
}

/** What people call a container in Dozzle; replicas of one app often have the same name there. */
function dozzle(labels: Labels, name: string): Found | undefined {
  const called = clean(labels['dev.dozzle.name'])
  if (!called) return undefined
  const group = clean(labels['dev.dozzle.group'])
  const within = group === undefined || called === group || called.startsWith(`${group}-`)
  return { ...fromName(name), app: within ? called : `${group}-${called}` }
}

/** `orders-2`, `shop_orders_1`, `orders.1.x7k…` and `orders-3f9c2a7b1d4e` are `orders` with a replica. */
function fromName(name: string): Found {
  const task = /^(.+)\.(\d+)\.[a-z0-9]{20,}$/.exec(name)
  if (task) return { app: task[1] ?? name, replica: task[2], kind: 'name' }
  // The old compose put twelve hex digits in front of a name that it was just replacing.
  const replaced = /^[0-9a-f]{12}_(.+)$/.exec(name)?.[1] ?? name
  const unique = /^(.+?)[-_.]([0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.exec(replaced)
  if (unique) return { app: unique[1] ?? name, replica: unique[2], kind: 'name' }
  const hashed = /^(.+?)[-_.]((?=[0-9a-f]*\d)[0-9a-f]{7,64})$/.exec(replaced)
  if (hashed) return { app: hashed[1] ?? name, replica: hashed[2]?.slice(0, 12), kind: 'name' }
  const numbered = /^(.*[^-_.\d].*?)[-_](\d{1,3})$/.exec(replaced)
  if (numbered) return { app: numbered[1] ?? name, replica: numbered[2], kind: 'name' }
  return { app: replaced || 'unnamed', kind: 'name' }
}

function clean(value: string | undefined): string | undefined {
  const trimmed = value?.trim()
  return trimmed ? trimmed : undefined
}

/** The protocol allows this many characters. */
function limit(value: string): string {
  return value.slice(0, 255)
}

function isNo(value: string | undefined): boolean {
  return /^(false|0|no|off)$/i.test(value ?? '')
}

function isYes(value: string | undefined): boolean {
  return /^(true|1|yes|on)$/i.test(value ?? '')
}
