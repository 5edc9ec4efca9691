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

test('the template is the server’s own export of the list of items', { timeout: 120_000 }, async ({
  skip
}) => {
  await using api = await openAsAdmin()
  skip(atLeast(api.version, 6, 2), 'the file is the export of 6.0, which all later ones read')
  await forget(api)
  const source = JSON.stringify(buildTemplate(TEMPLATE_VERSION))
  await api.call('configuration.import', { format: 'json', source, rules: rulesFor(api) })
  const exported = await exportOf(api)
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
  // Nothing differs from what the server would export.
  const source = await readFile(FILE, 'utf8')
  const compared = { format: 'json', source, rules: rulesFor(api) }
  const differences = changesIn(await api.call('configuration.importcompare', compared))
  // 7.0 leaves out of its export what the file of 6.0 must say: seven days are its default.
  const said = differences.filter(({ after: { lifetime, ...rest }, before }) => {
    return lifetime !== '7d' || JSON.stringify(rest) !== JSON.stringify(before)
  })
  expect(said).toEqual([])
  expect(await ensureTemplate(api)).toBe(id)
})

interface Change {
  before: Record<string, unknown>
  after: Record<string, unknown>
}

/** The innermost of what Zabbix would change, added and removed things included. */
function changesIn(told: unknown): Change[] {
  if (typeof told !== 'object' || told === null) return []
  const { added = [], removed = [], updated = [], before, after, ...within } = told as Record<string, unknown>
  const deeper = [updated, ...Object.values(within)].flatMap((one) => [one].flat()).flatMap(changesIn)
  const whole = [added, removed].flat().map((one) => ({ before: {}, after: one as Change['after'] }))
  const isOwn = before !== undefined && deeper.length === 0 && whole.length === 0
  return [...(isOwn ? [{ before, after } as Change] : []), ...whole, ...deeper]
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

/** With the action that uses it: bootstrap makes it again. */
async function forget(api: ZabbixApi): Promise<void> {
  const actions = await api.call<{ actionid: string }[]>('action.get', {
    ...{ filter: { name: NAME }, output: ['actionid'] }
  })
  if (actions.length > 0)
    await api.call(
      'action.delete',
      actions.map(({ actionid }) => actionid)
    )
  const found = await api.call<{ templateid: string }[]>('template.get', {
    ...{ filter: { host: TEMPLATE }, output: ['templateid'] }
  })
  if (found.length > 0)
    await api.call(
      'template.delete',
      found.map(({ templateid }) => templateid)
    )
}
