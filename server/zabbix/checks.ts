/** Everything that the hub needs of Zabbix, looked at one after the other, each with what to do where it is missing. */
import type { Check } from '../check.ts'
import { ConfigError } from '../errors.ts'
import type { ZabbixApi } from './api.ts'
import { NAME } from './bootstrap.ts'
import { groupId } from './groups.ts'
import { countOwn } from './registration.ts'
import { sendValues, timeOf } from './sender.ts'
import type { ZabbixSettings } from './settings.ts'
import { TEMPLATE_VERSION, templateOn } from './template.ts'
import { openApi } from './token.ts'
import { atLeast, OLDEST } from './version.ts'

const BOOTSTRAP = 'Run: driftlog zabbix bootstrap'

/** Never rejects. */
export async function checkZabbix(settings: ZabbixSettings): Promise<Check[]> {
  return [...(await ofApi(settings)), await ofTrapper(settings)]
}

async function ofApi(settings: ZabbixSettings): Promise<Check[]> {
  const checks: Check[] = []
  try {
    await using api = await openApi(settings)
    const isNew = atLeast(api.version, 6, 0)
    checks.push({
      ...{ name: 'API', ok: isNew, found: `Zabbix ${api.version.text}` },
      ...(isNew ? {} : { remedy: `Driftlog works with Zabbix ${OLDEST} and later: upgrade it.` })
    })
    for (const look of [ofGroup, ofTemplate, ofHosts, ofAction]) checks.push(await look(api, settings))
  } catch (error) {
    const { message: found } = error as Error
    const isToken = checks.length > 0 || error instanceof ConfigError
    checks.push(
      isToken
        ? {
            ...{ name: 'token', ok: false, found },
            remedy:
              'See that DRIFTLOG_ZABBIX_TOKEN, or its file, is right. A new one: driftlog zabbix bootstrap --new-token'
          }
        : {
            ...{ name: 'API', ok: false, found },
            remedy: 'See that the frontend runs, and that DRIFTLOG_ZABBIX_URL is right.'
          }
    )
  }
  return checks
}

async function ofGroup(api: ZabbixApi, { group }: ZabbixSettings): Promise<Check> {
  const id = await groupId(api, group)
  return id === undefined
    ? {
        name: 'group',
        ok: false,
        found: `no group "${group}" that the hub's user may see`,
        remedy: BOOTSTRAP
      }
    : { name: 'group', ok: true, found: group }
}

async function ofTemplate(api: ZabbixApi): Promise<Check> {
  const { version } = (await templateOn(api)) ?? {}
  const name = 'template'
  if (version === undefined) return { name, ok: false, found: 'none', remedy: BOOTSTRAP }
  const found = `version ${version}`
  return version < TEMPLATE_VERSION
    ? { name, ok: false, found, remedy: `The hub brings version ${TEMPLATE_VERSION} at its next start.` }
    : { name, ok: true, found }
}

async function ofHosts(api: ZabbixApi): Promise<Check> {
  const { enabled, disabled } = await countOwn(api)
  return { name: 'hosts', ok: true, found: `${enabled} enabled, ${disabled} disabled` }
}

async function ofAction(api: ZabbixApi, { registration }: ZabbixSettings): Promise<Check> {
  const name = 'registration'
  if (registration === 'api') return { name, ok: true, found: 'by the API' }
  const [action] = await api.call<{ status: string }[]>('action.get', {
    ...{ filter: { name: NAME }, output: ['status'] }
  })
  return action?.status === '0'
    ? { name, ok: true, found: `by the action "${NAME}"` }
    : {
        ...{ name, ok: false, found: `the action "${NAME}" is ${action ? 'disabled' : 'missing'}` },
        remedy: action ? 'Enable it in Zabbix.' : BOOTSTRAP
      }
}

/** A value for a host that is not there is refused, by a server that takes values. */
async function ofTrapper({ trapper }: ZabbixSettings): Promise<Check> {
  const place = `${trapper.host}:${trapper.port}`
  try {
    const probe = { host: 'driftlog-nobody', key: 'driftlog.probe', value: '0', ...timeOf(0) }
    await sendValues(trapper, [probe])
    return { name: 'server', ok: true, found: `${place} takes values` }
  } catch (error) {
    const remedy = trapper.psk
      ? 'See that DRIFTLOG_ZABBIX_SERVER and the pre-shared key are right.'
      : 'See that DRIFTLOG_ZABBIX_SERVER is right, and that the server may be reached from here.'
    return { name: 'server', ok: false, found: (error as Error).message, remedy }
  }
}
