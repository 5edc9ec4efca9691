import type { CompletenessAnswer } from '../api/completeness.ts'
import type { AppJson, HostJson } from '../api/fleet.ts'
import type { StatusAnswer, ZabbixJson } from '../api/status.ts'
import type { HubClient } from './client.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { missing, noteTable } from './missing.ts'
import { clock } from './records.ts'
import type { Output } from './search.ts'
import { bytesText, durationText, type Paint, table } from './terminal.ts'

const CLEAR = 'Tokens and lines go over the network in clear: the hub has no certificate (docs/security.md)'
/** A certificate that ends sooner is told. */
const EXPIRES_SOON_MS = 14 * 86_400_000
/** A host that is further behind than this is worth a colour. */
const BEHIND_MS = 5000

/**
 * Hub, store, hosts, apps, and what is missing. Ends with 1 where something needs a person: the store refuses, a host
 * is silent, the certificate ends soon, Zabbix is away or refuses a host.
 */
export async function status(
  hub: HubClient,
  json: boolean,
  out: Output,
  signal: AbortSignal
): Promise<ExitCode> {
  const [about, { hosts }, { apps }] = await Promise.all([
    hub.json<StatusAnswer>('/api/status', {}, signal),
    hub.json<{ hosts: HostJson[] }>('/api/hosts', {}, signal),
    hub.json<{ apps: AppJson[] }>('/api/apps', {}, signal)
  ])
  const troubles = [...certificateNotes(about), ...zabbixTroubles(about.zabbix, hosts)]
  const well = about.store.writable && hosts.every((host) => host.live) && troubles.length === 0
  const completeness = await hub.json<CompletenessAnswer>(
    '/api/completeness',
    { from: about.store.oldest ?? 'now-1h', to: 'now+1h' },
    signal
  )
  if (json) out.write(`${JSON.stringify({ status: about, hosts, apps, completeness })}\n`)
  else out.write(page(hub.url, { about, hosts, apps, completeness }, out))
  return well ? EXIT.ok : EXIT.found
}

interface Told {
  about: StatusAnswer
  hosts: HostJson[]
  apps: AppJson[]
  completeness: CompletenessAnswer
}

function page(url: string, { about, hosts, apps, completeness }: Told, out: Output): string {
  const { paint, utc } = out.look
  const { store } = about
  const range =
    store.oldest && store.newest ? `, ${clock(store.oldest, utc)} to ${clock(store.newest, utc)}` : ''
  const played = about.demo
    ? `\n${paint('yellow', `Shows a played fleet${about.demoReason ? `: ${about.demoReason}` : ''}`)}`
    : ''
  const refuses = store.writable
    ? ''
    : paint('red', `\nThe store can't write: ${store.reason ?? 'unknown reason'}`)
  const note = (text: string) => `\n${paint('yellow', text)}`
  const clear = about.clear ? [CLEAR] : []
  const access = [...clear, ...certificateNotes(about)].map(note).join('')
  const zabbix =
    about.zabbix === undefined
      ? ''
      : `${zabbixLine(about.zabbix, hosts)}\n${zabbixTroubles(about.zabbix, hosts)
          .map((text) => `${paint('yellow', text)}\n`)
          .join('')}`
  const head = `${paint('bold', `Driftlog ${about.version}`)} at ${url}, up for ${durationText(Date.parse(about.hubTime) - Date.parse(about.started))}${played}
Store ${store.engine}: ${store.records.toLocaleString('en')} lines in ${bytesText(store.bytes)}${range}${refuses}${access}
${zabbix}`
  const none = `No host has joined yet: "driftlog agent --hub ${url}" joins one.\n`
  const tables = [
    hosts.length === 0 ? none : hostTable(hosts, paint),
    apps.length === 0 ? '' : appTable(apps, hosts, out),
    hosts.length === 0 ? '' : missing(completeness, out),
    noteTable(completeness, paint)
  ]
  return [head, ...tables.filter((table) => table !== '')].join('\n')
}

function certificateNotes({ certificate, hubTime }: StatusAnswer): string[] {
  if (!certificate) return []
  const leftMs = Date.parse(certificate.expires) - Date.parse(hubTime)
  const ends = leftMs < 0 ? 'has expired' : `expires in ${durationText(leftMs)}`
  return [
    ...(certificate.problem === undefined
      ? []
      : [`The new certificate is not served: ${certificate.problem}`]),
    ...(leftMs < EXPIRES_SOON_MS ? [`The certificate ${ends}`] : [])
  ]
}

function zabbixLine({ waitsFor, hosts: known, values }: ZabbixJson, hosts: HostJson[]): string {
  if (waitsFor !== undefined)
    return `Zabbix: nothing is told until its token is in ${waitsFor}, where "driftlog zabbix bootstrap" puts it`
  const count = (number: number) => number.toLocaleString('en')
  const parts = [
    `${count(known)} of ${count(hosts.filter(({ zabbix }) => zabbix !== undefined).length)} hosts`,
    `${count(values.sent)} values sent`,
    ...(values.waiting > 0 ? [`${count(values.waiting)} waiting`] : []),
    ...(values.refused > 0 ? [`${count(values.refused)} refused`] : []),
    ...(values.dropped > 0 ? [`${count(values.dropped)} dropped for want of room`] : [])
  ]
  return `Zabbix: ${parts.join(', ')}`
}

function zabbixTroubles(zabbix: ZabbixJson | undefined, hosts: HostJson[]): string[] {
  if (!zabbix) return []
  const { hostsTrouble, valuesTrouble } = zabbix
  return [
    ...(hostsTrouble === undefined ? [] : [`Hosts can't be kept in line there: ${hostsTrouble}`]),
    ...(valuesTrouble === undefined ? [] : [`Values wait: ${valuesTrouble}`]),
    ...hosts.flatMap(({ name, zabbix: one }) =>
      one?.state === 'refused' ? [`Zabbix refuses ${name}: ${one.reason}`] : []
    )
  ]
}

function hostTable(hosts: HostJson[], paint: Paint): string {
  const told = hosts.some(({ zabbix }) => zabbix !== undefined)
  const rows = hosts.map((host) => [
    host.name,
    host.live ? 'live' : 'silent',
    host.behindMs > BEHIND_MS ? `${durationText(host.behindMs)} (${bytesText(host.behindBytes)})` : 'no',
    lossesOf(host),
    `${host.running} of ${host.instances}`,
    host.agentVersion,
    host.engineVersion ?? '',
    ...(told ? [host.zabbix?.state ?? ''] : [])
  ])
  const head = ['HOST', 'STATE', 'BEHIND', 'LOST', 'RUNNING', 'AGENT', 'ENGINE', ...(told ? ['ZABBIX'] : [])]
  return table([head, ...rows], paint)
}

function lossesOf({ losses, lostBytes, lostUnknown }: HostJson): string {
  if (losses === 0) return 'none'
  if (losses === lostUnknown) return `${losses} (unknown size)`
  return `${losses} (${bytesText(lostBytes)}${lostUnknown > 0 ? ' and more' : ''})`
}

function appTable(apps: AppJson[], hosts: HostJson[], out: Output): string {
  const names = new Map(hosts.map((host) => [host.host, host.name]))
  const rows = apps.map((app) => [
    app.app,
    app.environment,
    `${app.running} of ${app.instances}`,
    String(app.moves),
    app.records.toLocaleString('en'),
    app.lastRecord ? clock(app.lastRecord, out.look.utc) : 'never',
    app.hosts.map((host) => names.get(host) ?? host).join(', ')
  ])
  return table(
    [['APP', 'ENVIRONMENT', 'RUNNING', 'MOVES', 'LINES', 'LAST LINE', 'HOSTS'], ...rows],
    out.look.paint
  )
}
