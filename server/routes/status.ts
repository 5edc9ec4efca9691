/** What `driftlog status` prints and the page's head shows. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { LogStore } from '../../collector/store/store.ts'
import { ErrorJson } from '../api/error.ts'
import { StatusAnswer, type ZabbixJson } from '../api/status.ts'
import type { FleetView } from '../fleet-view.ts'
import { formatMs, formatTime } from '../times.ts'
import type { CertificateStanding } from '../tls.ts'

interface StatusOptions {
  logs: Pick<LogStore, 'health'>
  fleet: Pick<FleetView, 'hosts' | 'apps'>
  version: string
  /** No token is demanded. */
  open: boolean
  /** Tokens go over the network in clear. */
  clear: boolean
  certificate: () => CertificateStanding | undefined
  /** Undefined where no Zabbix is named. */
  zabbix: () => ZabbixJson | undefined
  demo?: { reason?: string }
  /** The command that joins another host, told to admins alone; undefined where no other host reaches this hub. */
  join: () => string | undefined
  nowMs: () => number
}

const routes: FastifyPluginAsyncTypebox<StatusOptions> = async (app, options) => {
  const { logs, fleet, version, open, clear, demo, join, nowMs } = options
  const started = formatMs(nowMs())

  app.get(
    '/status',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'The hub, its store and how much it watches',
        tags: ['hub'],
        response: { 200: StatusAnswer, '4xx': ErrorJson }
      }
    },
    async (request) => {
      const health = logs.health()
      const hosts = fleet.hosts()
      const { kind, name = '', expiresMs } = request.caller
      const command = request.caller.isAdmin ? join() : undefined
      const zabbix = options.zabbix()
      return {
        version,
        hubTime: formatMs(nowMs()),
        started,
        demo: demo !== undefined,
        ...(demo?.reason === undefined ? {} : { demoReason: demo.reason }),
        open,
        clear,
        mayDeploy: request.caller.mayDeploy,
        ...certificateJson(options.certificate()),
        ...(kind === 'login' && expiresMs !== undefined
          ? { login: { name, expires: formatMs(expiresMs) } }
          : {}),
        hosts: hosts.length,
        liveHosts: hosts.filter((host) => host.live).length,
        apps: (await fleet.apps()).length,
        store: {
          engine: health.engine,
          records: health.records,
          bytes: health.bytes,
          ...(health.oldest === undefined ? {} : { oldest: formatTime(health.oldest) }),
          ...(health.newest === undefined ? {} : { newest: formatTime(health.newest) }),
          writable: health.writable,
          ...(health.reason === undefined ? {} : { reason: health.reason })
        },
        ...(zabbix ? { zabbix } : {}),
        ...(command === undefined ? {} : { join: command })
      }
    }
  )
}

export default routes

function certificateJson(standing: CertificateStanding | undefined): Pick<StatusAnswer, 'certificate'> {
  if (!standing) return {}
  const { expiresMs, ...rest } = standing
  return { certificate: { ...rest, expires: formatMs(expiresMs) } }
}
