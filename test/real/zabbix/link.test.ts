/** The hub's work for a real Zabbix: hosts register, containers are discovered, values arrive as they were sent. */
import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { CONTAINER_ITEMS, containerKey, HEARTBEAT, HOST_ITEMS } from '../../../server/zabbix/items.ts'
import { technicalName } from '../../../server/zabbix/registration.ts'
import { logIn } from './frontend.ts'
import { CONTAINERS, historyOf, openScene, prepare, until } from './scene.ts'
import { openAsAdmin } from './server.ts'

const SERVICE = fileURLToPath(new URL('../../services/zabbix', import.meta.url))

beforeAll(prepare, 120_000)

test.each(['api', 'autoregistration'] as const)(
  'by %s: hosts, containers and values appear by themselves',
  {
    timeout: 240_000
  },
  async (registration) => {
    await using api = await openAsAdmin()
    await using scene = await openScene([`${registration}-one`, `${registration}-two`], { registration })
    const [host = ''] = scene.hosts
    const name = technicalName(host)
    const key = containerKey('driftlog.container.memory', 'shop', 'shop-web-7')
    await until(async () => (await historyOf(api, name, key)).length >= 3, 120)
    const [found] = await api.call<Record<string, unknown>[]>('host.get', {
      ...{ filter: { host: name }, output: ['name', 'status'] },
      ...{ selectTags: ['tag', 'value'], selectInventory: ['os', 'software_app_a'] }
    })
    expect(found).toMatchObject({
      ...{ name: `${registration}-one`, status: '0' },
      tags: expect.arrayContaining([
        { tag: 'driftlog-host', value: host },
        { tag: 'environment', value: 'production' },
        { tag: 'engine-version', value: '28.2.2' }
      ]),
      inventory: { os: 'Debian GNU/Linux 12', software_app_a: 'Docker 28.2.2' }
    })
    const items = await api.call<{ key_: string; name: string; state: string; error: string }[]>('item.get', {
      ...{ host: name, output: ['key_', 'name', 'state', 'error'] }
    })
    expect(items.filter(({ state }) => state !== '0')).toEqual([])
    const byKey = new Map(items.map((item) => [item.key_, item.name]))
    for (const item of HOST_ITEMS) expect(byKey.get(item.key)).toBe(item.name)
    for (let n = 0; n < CONTAINERS; n++)
      for (const item of CONTAINER_ITEMS)
        expect(byKey.get(containerKey(item.key, 'shop', `shop-web-${n}`))).toBe(
          `Container shop-web-${n}: ${item.name}`
        )
    const [known] = scene.fleet.hosts()
    const standing = known && scene.link.standingOf(known)
    expect(standing).toMatchObject({
      state: 'enabled',
      url: expect.stringContaining(`=${found?.['hostid']}&`)
    })
    const page = await (await logIn())(standing?.url ?? '')
    expect(page).toContain('Container shop-web-0: CPU')
    expect(page).toContain(`${registration}-one`)
    expect(page).not.toContain(`${registration}-two`)
    // One value a beat, whole and in their order.
    const memory = await historyOf(api, name, key)
    const values = memory.map(({ value }) => Number(value))
    expect(values).toEqual([...values].sort((a, b) => a - b))
    expect(Math.min(...values)).toBeGreaterThan(100_000_000)
    const clocks = memory.map(({ clock }) => Number(clock))
    expect(new Set(clocks).size).toBe(clocks.length)
  }
)

test('while the server is away values wait, and arrive with their own times', {
  timeout: 300_000
}, async () => {
  await using api = await openAsAdmin()
  await using scene = await openScene(['away-one'])
  const [host = ''] = scene.hosts
  const name = technicalName(host)
  await until(async () => (await historyOf(api, name, HEARTBEAT)).length >= 3, 120)
  await service('stop')
  const awaySeconds = Number(process.env['DRIFTLOG_ZABBIX_AWAY_SECONDS'] ?? 20)
  try {
    await sleep(awaySeconds * 1000)
    expect(scene.link.standing.valuesTrouble).toContain('does not answer')
    expect(scene.link.standing.values.waiting).toBeGreaterThan(100)
  } finally {
    await service('start')
  }
  await until(async () => scene.link.standing.values.waiting === 0, 120)
  await sleep(3000)
  const clocks = (await historyOf(api, name, HEARTBEAT)).map(({ clock }) => Number(clock))
  // Every beat from the first to the last, each once.
  const [first = 0] = clocks
  expect(clocks).toEqual(clocks.map((_, n) => first + 2 * n))
  expect(clocks.length).toBeGreaterThan(awaySeconds / 2)
  expect(scene.link.standing.values).toMatchObject({ refused: 0, dropped: 0 })
})

/** The hub goes on meanwhile. */
async function service(act: string): Promise<void> {
  await promisify(execFile)(SERVICE, [act], { timeout: 60_000 })
}
