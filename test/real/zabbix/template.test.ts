/** The template in the repository is what Zabbix itself makes of the list of items. UPDATE_TEMPLATE=1 writes it. */
import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { ZabbixApi } from '../../../server/zabbix/api.ts'
import { NAME } from '../../../server/zabbix/bootstrap.ts'
import { CONTAINER_ITEMS, HOST_ITEMS } from '../../../server/zabbix/items.ts'
import { ensureTemplate, rulesFor, TEMPLATE, TEMPLATE_VERSION } from '../../../server/zabbix/template.ts'
import { atLeast } from '../../../server/zabbix/version.ts'
import { buildTemplate } from './build-template.ts'
import { openAsAdmin } from './server.ts'

const FILE = new URL('../../../server/zabbix/template.json', import.meta.url)

test('the template is the server’s own export of the list of items', { timeout: 120_000 }, async () => {
  await using api = await openAsAdmin()
  await forget(api)
  const source = JSON.stringify(buildTemplate(TEMPLATE_VERSION))
  await api.call('configuration.import', { format: 'json', source, rules: rulesFor(api) })
  const exported = await exportOf(api)
  if (isLater(api)) {
    await forget(api)
    await ensureTemplate(api)
    return expect(JSON.parse(await exportOf(api))).toEqual(JSON.parse(exported))
  }
  if (process.env['UPDATE_TEMPLATE']) await writeFile(FILE, exported)
  expect(JSON.parse(await readFile(FILE, 'utf8'))).toEqual(JSON.parse(exported))
})

test('it is imported where it is missing or older, and left alone where it is not', {
  timeout: 120_000
}, async () => {
  await using api = await openAsAdmin()
  await forget(api)
  const id = await ensureTemplate(api)
  const items = await api.call<{ key_: string; name: string }[]>('item.get', {
    ...{ templateids: id, output: ['key_', 'name'], sortfield: 'itemid' }
  })
  const byKey = new Map(items.map(({ key_, name }) => [key_, name]))
  for (const { key, name } of HOST_ITEMS) expect(byKey.get(key)).toBe(name)
  const prototypes = await api.call<{ key_: string }[]>('itemprototype.get', {
    ...{ templateids: id, output: ['key_'] }
  })
  expect(prototypes.map(({ key_ }) => key_).sort()).toEqual(
    CONTAINER_ITEMS.map(({ key }) => `${key}["{#APP}","{#NAME}"]`).sort()
  )
  if (!isLater(api)) expect(await changesBy(api)).toEqual([])
  expect(await ensureTemplate(api)).toBe(id)
})

/** It exports the same in words of its own, and counts as a change what the file says of 6.0 and is its own default. */
function isLater({ version }: ZabbixApi): boolean {
  return atLeast(version, 6, 2)
}

/** What importing the file would change on the server. */
async function changesBy(api: ZabbixApi): Promise<unknown> {
  const source = await readFile(FILE, 'utf8')
  return api.call('configuration.importcompare', { format: 'json', source, rules: rulesFor(api) })
}

/** Without the date, which differs each time. */
async function exportOf(api: ZabbixApi): Promise<string> {
  const [template] = await api.call<{ templateid: string }[]>('template.get', {
    ...{ filter: { host: TEMPLATE }, output: ['templateid'] }
  })
  const exported = await api.call<string>('configuration.export', {
    ...{ format: 'json', options: { templates: [template?.templateid] } }
  })
  const parsed = JSON.parse(exported) as { zabbix_export: { date?: string } }
  delete parsed.zabbix_export.date
  return `${JSON.stringify(parsed, undefined, 2)}\n`
}

async function forget(api: ZabbixApi): Promise<void> {
  // 6.0 takes the template out of it, 7.0 deletes none that an action speaks of.
  const [action] = await api.call<{ actionid: string }[]>('action.get', {
    ...{ filter: { name: NAME }, output: ['actionid'] }
  })
  if (action) await api.call('action.delete', [action.actionid])
  const found = await api.call<{ templateid: string }[]>('template.get', {
    ...{ filter: { host: TEMPLATE }, output: ['templateid'] }
  })
  if (found.length > 0)
    await api.call(
      'template.delete',
      found.map(({ templateid }) => templateid)
    )
}
