/** What Rancher 1.x reads beside docker-compose.yml: how many instances, when they are healthy, how they are replaced. */
import { plain, type Rendered, yamlOf } from './compose.ts'
import { healthOf } from './spec.ts'

/** Failed answers in a row after which an instance is replaced. */
const UNHEALTHY = 3

export function rancherComposeOf({ app, environment, version, wanted }: Rendered): string {
  const { replicas = 1, rollout } = wanted
  const file = {
    version: '2',
    services: {
      [app]: {
        scale: replicas,
        start_on_create: true,
        ...checkOf(wanted),
        upgrade_strategy: {
          start_first: false,
          batch_size: rollout?.maxUnavailable ?? 1,
          interval_millis: healthOf(wanted).everyMs
        }
      }
    }
  }
  return yamlOf(
    file,
    [
      ` Version ${version} of "${app}" for ${environment}, made by Driftlog, to stand beside its docker-compose.yml.`,
      ' Rancher knows one port for all instances, so that on the network of the hosts there is one on a host.'
    ].join('\n')
  )
}

/** Rancher asks ports; commands and lines of logs it does not know. */
function checkOf(wanted: Rendered['wanted']) {
  const { http, tcp, everyMs, timeoutMs, withinMs, successes } = healthOf(wanted)
  if (!http && !tcp) return {}
  return {
    health_check: {
      port: '${PORT}',
      interval: everyMs,
      response_timeout: timeoutMs,
      initializing_timeout: withinMs,
      reinitializing_timeout: withinMs,
      healthy_threshold: successes,
      unhealthy_threshold: UNHEALTHY,
      strategy: 'recreate',
      ...(http ? { request_line: `GET "${plain(http.path)}" "HTTP/1.0"` } : {})
    }
  }
}
