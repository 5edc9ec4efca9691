/** The hub as one thing to start and to stop: stores, fleet, access, HTTP. */
import { setMaxListeners } from 'node:events'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { type Access, openAccess } from '../collector/access.ts'
import { type Fleet, openFleet } from '../collector/fleet/fleet.ts'
import { agesOf } from '../collector/handling.ts'
import { onDuty } from '../collector/lease.ts'
import { LogRates } from '../collector/log-rates.ts'
import { keepUp } from '../collector/peers.ts'
import { openStats, type StatsStore } from '../collector/stats/store.ts'
import { openStores } from '../collector/store/open.ts'
import type { LogStore } from '../collector/store/store.ts'
import { buildApp } from './app.ts'
import type { Config } from './config.ts'
import { Automatic } from './deploys/automatic.ts'
import { type DeployParts, openDeploys } from './deploys/open.ts'
import { ListenError } from './errors.ts'
import { fleetView } from './fleet-view.ts'
import type { GrafanaLink, LinkOptions as GrafanaOptions } from './grafana/link.ts'
import { isClear, isOpen } from './listen-config.ts'
import { openLogins } from './logins.ts'
import { moveMarks } from './marks.ts'
import { keepRetention, keepTidy } from './retention.ts'
import { statsView } from './stats-view.ts'
import { CertificateKeeper, type CertificateStanding, readCertificate, SecureServers } from './tls.ts'
import { firstTokens, type Tokens, writeFingerprint } from './tokens.ts'
import { ownVersion } from './version.ts'
import type { ZabbixLink, LinkOptions as ZabbixOptions } from './zabbix/link.ts'

export interface HubOptions {
  log: Logger
  /** Set where the hub shows a played fleet; `reason` says why where nobody asked for it. */
  demo?: { reason?: string }
  /** Folder of the built page; the one beside the programs where it is left out. */
  pageFolder?: string
  /** Ends the start where it has to wait for something. */
  signal?: AbortSignal
  /** Told when another certificate is served. */
  certificateChanged?: () => void
}

export interface Hub extends AsyncDisposable {
  /** For people and other hosts. */
  url: string
  /** For programs on this machine. */
  localUrl: string
  /** No token is demanded. */
  open: boolean
  /** Tokens and lines go over the network in clear. */
  clear: boolean
  /** Absent where the hub speaks plain http. */
  certificate(): CertificateStanding | undefined
  /** Reads the certificate's files now. */
  reload(): Promise<void>
  /** Also in `<data>/tokens/`. */
  tokens: Tokens
  app: FastifyInstance
  access: Access
  fleet: Fleet
  logs: LogStore
  stats: StatsStore
  deploys: DeployParts
  /** Ends tails with a last event, lets requests finish, closes the stores. */
  close(): Promise<void>
}

const DUTY_LISTENERS = 100
const CLEAR =
  'tokens and lines go over the network in clear: set DRIFTLOG_TLS_CERT_FILE and DRIFTLOG_TLS_KEY_FILE'

/** Throws errors with a `code` and the way out: DRIFTLOG_LISTEN, DRIFTLOG_TLS_CERTIFICATE, and those of the stores. */
export async function startHub(config: Config, options: HubOptions): Promise<Hub> {
  const { log, demo, pageFolder, signal } = options
  const undo: (() => Promise<unknown>)[] = []
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= undoAll(undo)
    return closed
  }
  try {
    // What is wrong with the certificate is told before anything is opened.
    const servers = config.tls && new SecureServers(await readCertificate(config.tls))
    const { store: engine, dataDir, cluster } = config
    const stores = await openStores({
      ...{ engine, dataDir, log },
      ...(cluster ? { cluster } : {}),
      ...(signal ? { signal } : {})
    })
    undo.push(async () => stores[Symbol.asyncDispose]())
    const access = await openAccess(stores.state)
    const fleet = await openFleet(stores.state)
    undo.push(async () => fleet[Symbol.asyncDispose]())
    const stats = await openStats({ shelf: stores.shelf, retention: config.statsRetention, log })
    undo.push(() => stats.close())
    const rates = new LogRates()
    const { loginMaxAgeMs: maxAgeMs } = config
    const logins = await openLogins({ state: stores.state, access, maxAgeMs, nowMs: Date.now })
    const { joinTokenFile: joinFile } = config
    const tokensFolder = join(config.dataDir, 'tokens')
    const places = { folder: tokensFolder, ...(joinFile === undefined ? {} : { joinFile }) }
    const tokens = await firstTokens(access, places, log)
    const tell = async () => writeFingerprint(tokensFolder, servers?.certificate.fingerprint)
    await tell()
    const keeper =
      config.tls &&
      servers &&
      new CertificateKeeper({
        ...{ files: config.tls, servers, log },
        changed: () => {
          tell().catch((err) =>
            log.warn({ err }, 'the fingerprint for programs on this machine is an old one')
          )
          options.certificateChanged?.()
        }
      })
    const { state } = stores
    const deploys = await openDeploys({
      ...{ state, fleet, access, log, settings: config.deploy, nowMs: Date.now },
      isPlayed: demo !== undefined
    })
    const { publicUrl, noticeHosts } = config
    const automatic = await Automatic.open({
      ...{ state, deploys: deploys.deploys, log, nowMs: Date.now },
      ...(publicUrl ? { hub: publicUrl } : {}),
      ...(noticeHosts ? { noticeHosts } : {})
    })
    const zabbix = await zabbixLink(config, { fleet, stats, rates, state, log })
    const grafana = await grafanaLink(config, {
      fleet,
      state,
      log,
      marks: [moveMarks(fleet, Date.now), deploys.marks]
    })
    const app = await buildApp({
      config,
      log,
      logs: stores.logs,
      access,
      logins,
      fleet: fleetView(fleet, stores.logs, Date.now, {
        maxAgeMs: config.retention.maxAgeMs,
        ...(zabbix ? { zabbixOf: (host) => zabbix.standingOf(host) } : {})
      }),
      agents: { fleet, stats, rates, state: stores.state },
      deploys,
      automatic,
      stats: statsView(fleet, stats, Date.now),
      ...(zabbix ? { zabbix } : {}),
      figures: () => ({ ...grafana?.figures() }),
      join: () => tokens.join,
      url: () => urlOf(config, app),
      version: ownVersion(),
      nowMs: Date.now,
      ...(servers && keeper ? { tls: { servers, standing: () => keeper.standing } } : {}),
      ...(demo ? { demo } : {}),
      ...(pageFolder === undefined ? {} : { pageFolder })
    })
    undo.push(() => app.close())

    await listen(app, config)
    const stopping = new AbortController()
    // Each duty listens to it several times; Node takes more than ten for a leak.
    setMaxListeners(DUTY_LISTENERS, stopping.signal)
    const { shared } = state
    const keepers = [access, logins, deploys, ...(zabbix ? [zabbix.standings] : [])]
    const duties = [
      shared && keepUp({ state, shared, fleet, log, keepers }, stopping.signal),
      onDuty(
        { state, name: 'retention', log },
        (_, ending) =>
          keepRetention(stores.logs, config.retention, () => agesOf(fleet.instances()), log, ending),
        stopping.signal
      ),
      keepTidy(stats, log, stopping.signal),
      zabbix?.run(stopping.signal),
      grafana?.run(stopping.signal),
      deploys.run(stopping.signal),
      automatic.run(stopping.signal),
      keeper?.run(stopping.signal)
    ]
    undo.push(async () => {
      stopping.abort()
      await Promise.all(duties)
    })
    if (isClear(config)) log.warn({ url: urlOf(config, app) }, CLEAR)
    return {
      url: urlOf(config, app),
      localUrl: `${schemeOf(config)}://${local(config.listenHost)}:${portOf(config, app)}`,
      open: isOpen(config),
      clear: isClear(config),
      certificate: () => keeper?.standing,
      reload: async () => keeper?.reload(),
      tokens,
      app,
      access,
      fleet,
      logs: stores.logs,
      stats,
      deploys,
      close,
      [Symbol.asyncDispose]: close
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Undefined where no Zabbix is named. */
async function zabbixLink(
  { zabbix: settings }: Config,
  parts: Pick<ZabbixOptions, 'fleet' | 'stats' | 'rates' | 'state' | 'log'>
): Promise<ZabbixLink | undefined> {
  if (!settings) return undefined
  const { ZabbixLink } = await import('./zabbix/link.ts')
  return new ZabbixLink({ ...parts, settings, nowMs: Date.now })
}

/** Undefined where no Grafana is named. */
async function grafanaLink(
  config: Config,
  parts: Pick<GrafanaOptions, 'fleet' | 'state' | 'log' | 'marks'>
): Promise<GrafanaLink | undefined> {
  const { grafana: settings, publicUrl: hub } = config
  if (!settings) return undefined
  const { dashboards } = await import('../dashboards/all.ts')
  const { GrafanaLink } = await import('./grafana/link.ts')
  const { wantedOf } = await import('./grafana/sources.ts')
  const options = { ...parts, settings, ...(hub ? { hub } : {}), nowMs: Date.now }
  const wanted = wantedOf(config, config.dashboards.elasticsearch)
  return new GrafanaLink({ ...options, files: dashboards(config.dashboards), wanted })
}

/** Last first: nothing is closed while something that needs it is still open. */
async function undoAll(steps: (() => Promise<unknown>)[]): Promise<void> {
  const faults: unknown[] = []
  for (const step of steps.reverse()) await step().catch((fault) => faults.push(fault))
  if (faults.length > 0) throw faults[0]
}

async function listen(app: FastifyInstance, { listenHost, listenPort, tls }: Config): Promise<void> {
  try {
    const listenTextResolver = (address: string) =>
      `listening at ${tls ? address.replace('http:', 'https:') : address}`
    await app.listen({ host: listenHost, port: listenPort, listenTextResolver })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    throw new ListenError(`${reasonOf(code, listenHost, listenPort)} (${code || error})`, { cause: error })
  }
}

function urlOf(config: Config, app: FastifyInstance): string {
  return (
    config.publicUrl?.origin ?? `${schemeOf(config)}://${reachable(config.listenHost)}:${portOf(config, app)}`
  )
}

function schemeOf({ tls }: Config): 'http' | 'https' {
  return tls ? 'https' : 'http'
}

function portOf(config: Config, app: FastifyInstance): number {
  const address = app.server.address()
  return typeof address === 'object' && address ? address.port : config.listenPort
}

function reasonOf(code: string, host: string, port: number): string {
  if (code === 'EADDRINUSE') {
    return `Port ${port} of ${host} is taken, perhaps by another hub. Stop it, or set DRIFTLOG_LISTEN_PORT (0 takes any free port).`
  }
  if (code === 'EACCES')
    return `Port ${port} may not be used by this user. Set DRIFTLOG_LISTEN_PORT above 1023.`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return `"${host}" is no address of this machine. Correct DRIFTLOG_LISTEN_HOST.`
  }
  return `The hub can't listen on ${host} port ${port}. Check DRIFTLOG_LISTEN_HOST and DRIFTLOG_LISTEN_PORT.`
}

/** An address under which other hosts find this one; what is listened on where that is already one. */
function reachable(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return bracketed(host)
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const outer = addresses.find(({ internal, family }) => !internal && family === 'IPv4')
  return outer?.address ?? 'localhost'
}

function local(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '[::1]' : bracketed(host)
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}
