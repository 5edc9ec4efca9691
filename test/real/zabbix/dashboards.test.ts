/** What dashboards ask Zabbix for is there: each target is resolved against the real server as grafana-zabbix does it. */
import { beforeAll, expect, test } from 'vitest'
import { dashboards } from '../../../dashboards/all.ts'
import { technicalName } from '../../../server/zabbix/registration.ts'
import { filterOf, type Made, panelsOf } from '../../dashboards/lint.ts'
import { GROUP, historyOf, openScene, prepare, until } from './scene.ts'
import { openAsAdmin } from './server.ts'

const HOST = 'drawn-one'
/** What a reader has chosen. */
const CHOSEN: Readonly<Record<string, string>> = {
  group: GROUP,
  host: HOST,
  app: 'shop',
  container: 'shop-web-3',
  environment: 'production'
}

beforeAll(prepare, 120_000)

/** Variables as the plugin puts them in: alone they stand for themselves, in an expression with their signs escaped. */
function filled(filter: string): string {
  const isExpression = /^\/.*\/$/.test(filter)
  return filter.replaceAll(/\$\{?(\w+)(?::\w+)?\}?/g, (_, name: string) => {
    const value = CHOSEN[name] ?? ''
    return isExpression ? `(${value.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')})` : value
  })
}

/** An empty filter matches nothing. */
function matches(filter: string, name: string): boolean {
  const [, expression] = /^\/(.*)\/$/.exec(filter) ?? []
  return expression === undefined ? filter === name : new RegExp(expression).test(name)
}

test('every item that a dashboard asks for is there', { timeout: 240_000 }, async () => {
  await using api = await openAsAdmin()
  await using scene = await openScene([HOST])
  const host = technicalName(scene.hosts[0] ?? '')
  await until(async () => (await historyOf(api, host, 'driftlog.host.cpu')).length >= 2, 120)
  await until(async () => (await itemsOf()).length > 200, 60)
  async function itemsOf() {
    return api.call<{ name: string; tags: { tag: string; value: string }[] }[]>('item.get', {
      ...{ host, output: ['name'], selectTags: ['tag', 'value'], monitored: true }
    })
  }
  const items = await itemsOf()
  const triggers = await api.call<{ description: string }[]>('trigger.get', { host, output: ['description'] })
  const missing: string[] = []
  let asked = 0
  const files = dashboards({ groupName: GROUP, elasticsearch: false, brokenAfterMs: 180_000 })
  for (const { name, text } of files) {
    for (const target of panelsOf(JSON.parse(text) as Made).flatMap(({ targets }) => targets ?? [])) {
      const [group, on, item, trigger, itemTag] = (
        ['group', 'host', 'item', 'trigger', 'itemTag'] as const
      ).map((kind) => filled(filterOf(target, kind) ?? ''))
      const place = `${name}: ${target.refId} ${item || trigger}`
      if (group !== '' && !matches(group ?? '', GROUP)) missing.push(`${place}: group ${group}`)
      if (on !== '' && !matches(on ?? '', HOST)) missing.push(`${place}: host ${on}`)
      if (item) {
        asked++
        const found = items.filter((one) => matches(item, one.name))
        const tagged = found.filter(({ tags }) =>
          itemTag ? tags.some(({ tag, value }) => matches(itemTag, `${tag}: ${value}`)) : true
        )
        if (tagged.length === 0) missing.push(place)
      }
      if (trigger && !triggers.some(({ description }) => matches(trigger, description))) missing.push(place)
    }
  }
  expect(missing).toEqual([])
  console.log(JSON.stringify({ dashboards: files.length, targets: asked, items: items.length }))
})
