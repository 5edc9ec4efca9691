/** The template of Driftlog's hosts: kept as Zabbix itself exports it, imported where the server's is older or missing. */
import { readFile } from 'node:fs/promises'
import type { ZabbixApi } from './api.ts'
import { atLeast } from './version.ts'

export const TEMPLATE = 'Driftlog container host'
export const TEMPLATE_GROUP = 'Templates/Driftlog'
/** Which state of the template a server has. */
export const VERSION_MACRO = '{$DRIFTLOG.TEMPLATE.VERSION}'
/** Raised with each change of the template. */
export const TEMPLATE_VERSION = 2

/** Version of the template that the server has; undefined where it has none. */
export async function templateOn(api: ZabbixApi): Promise<{ id: string; version: number } | undefined> {
  const [found] = await api.call<{ templateid: string; macros: { macro: string; value: string }[] }[]>(
    'template.get',
    { filter: { host: TEMPLATE }, output: ['templateid'], selectMacros: ['macro', 'value'] }
  )
  if (!found) return undefined
  const version = found.macros.find(({ macro }) => macro === VERSION_MACRO)?.value
  return { id: found.templateid, version: Number(version ?? 0) }
}

/** Brings the server's template up to this version; a newer one stays. Resolves to its id. */
export async function ensureTemplate(api: ZabbixApi): Promise<string> {
  const before = await templateOn(api)
  if (before && before.version >= TEMPLATE_VERSION) return before.id
  const source = await readFile(new URL('template.json', import.meta.url), 'utf8')
  await api.call('configuration.import', { format: 'json', source, rules: rulesFor(api) })
  const after = await templateOn(api)
  // Zabbix says yes to users who may not write, and does nothing.
  if (!after || after.version < TEMPLATE_VERSION)
    throw new Error('Zabbix took the template and does not have it: its user may not write there.')
  return after.id
}

/** Which parts of the file count: the server has them as they are there. */
export function rulesFor({ version }: ZabbixApi): object {
  const make = { createMissing: true, updateExisting: true }
  const keep = { ...make, deleteMissing: true }
  const groups = atLeast(version, 6, 2) ? { template_groups: make, host_groups: make } : { groups: make }
  return {
    ...groups,
    ...{ templates: make, valueMaps: keep, items: keep, triggers: keep, discoveryRules: keep },
    templateLinkage: { createMissing: true, deleteMissing: false }
  }
}
