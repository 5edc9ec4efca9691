/** The six apps of the played fleet, and how their containers are labelled. */
import type { Chance } from './chance.ts'

export const APP_NAMES = ['web', 'orders', 'payments', 'login', 'stock', 'mailer'] as const
export type AppName = (typeof APP_NAMES)[number]

/** What is deployed of the fleet by the hub itself, see releases.ts. */
export const RELEASED = { app: 'mailer', image: 'office/mailer', good: '1.6.0', bad: '1.7.0' } as const
/** What the hosts can pull. */
export const REGISTRY = ['1.5.0', '1.5.1', RELEASED.good, RELEASED.bad].map(
  (version) => `${RELEASED.image}:${version}`
)

export interface App {
  name: AppName
  /** Who starts it: swarm gives every task a name of its own, compose always the same. */
  by: 'swarm' | 'compose'
  project: string
  environment: string
  image: string
  version: string
  replicas: number
  healthCheck: boolean
  /** Files that it writes inside its container, as the label driftlog.files names them. */
  files?: string
}

export function apps(): Record<AppName, App> {
  const shop = {
    by: 'swarm',
    project: 'shop',
    environment: 'production',
    replicas: 1,
    healthCheck: true
  } as const
  const office = { by: 'compose', project: 'office', replicas: 1, healthCheck: false } as const
  return {
    web: { ...shop, name: 'web', image: 'registry.example/shop/web', version: '1.27.3', replicas: 2 },
    orders: { ...shop, name: 'orders', image: 'registry.example/shop/orders', version: '4.11.0' },
    payments: {
      ...{ ...shop, name: 'payments', image: 'registry.example/shop/payments', version: '2.8.1' },
      files: '/app/logs/*.log'
    },
    login: { ...shop, name: 'login', image: 'registry.example/shop/login', version: '3.2.0' },
    stock: { ...office, name: 'stock', environment: 'production', image: 'office/stock', version: '0.9.4' },
    mailer: { ...office, name: 'mailer', environment: 'staging', image: 'office/mailer', version: '1.5.0' }
  }
}

/** Name and labels as swarm or compose would give them. */
export function containerOf(
  app: App,
  replica: number,
  chance: Chance
): { name: string; labels: Record<string, string> } {
  const environment = {
    'driftlog.env': app.environment,
    ...(app.files !== undefined && { 'driftlog.files': app.files })
  }
  if (app.by === 'compose') {
    const labels = {
      ...environment,
      'com.docker.compose.project': app.project,
      'com.docker.compose.service': app.name,
      'com.docker.compose.container-number': String(replica),
      'com.docker.compose.oneoff': 'False',
      'com.docker.compose.version': '2.32.4'
    }
    return { name: `${app.project}-${app.name}-${replica}`, labels }
  }
  const service = `${app.project}_${app.name}`
  const task = chance.digits(25, 36)
  const labels = {
    ...environment,
    'com.docker.stack.namespace': app.project,
    'com.docker.swarm.service.name': service,
    'com.docker.swarm.task': '',
    'com.docker.swarm.task.id': task,
    'com.docker.swarm.task.name': `${service}.${replica}.${task}`
  }
  return { name: `${service}.${replica}.${task}`, labels }
}
