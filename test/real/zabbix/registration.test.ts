/** Bootstrapped once by an administrator, the hub's own user keeps hosts in line: none twice, none lost, others untouched. */
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import type { ZabbixApi } from '../../../server/zabbix/api.ts'
import { bootstrap } from '../../../server/zabbix/bootstrap.ts'
import { type Places, reconcile, technicalName, type Wanted } from '../../../server/zabbix/registration.ts'
import { sendValues, timeOf } from '../../../server/zabbix/sender.ts'
import { GROUP, openAsHub, prepare } from './scene.ts'
import { openAsAdmin, TRAPPER } from './server.ts'

let hub: ZabbixApi
let places: Places

beforeAll(async () => {
  await prepare()
  const opened = await openAsHub()
  hub = opened.hub
  places = opened.places
}, 120_000)

interface Host {
  host: string
  name: string
  status: string
  tags: { tag: string; value: string }[]
}

async function hosts(api: ZabbixApi): Promise<Host[]> {
  const output = { output: ['host', 'name', 'status'], selectTags: ['tag', 'value'], sortfield: 'host' }
  return api.call<Host[]>('host.get', { ...output, groupids: places.groupid })
}

const wanted = (n: number, more: Partial<Wanted> = {}): Wanted => ({
  id: `host${n}`,
  name: `web-${n}`,
  tags: { environment: 'production' },
  inventory: { os: 'Debian 12' },
  present: true,
  ...more
})

test('bootstrapping again changes nothing, and gives no second token unless it is asked for', async () => {
  await using admin = await openAsAdmin()
  expect(await bootstrap(admin, { group: GROUP, newToken: false })).toEqual({ done: [] })
})

test('the hub’s user may do nothing but what it is for', async () => {
  const calls: [string, unknown][] = [
    ['user.get', {}],
    ['hostgroup.create', { name: 'x' }],
    ['host.delete', ['1']],
    ['script.get', {}]
  ]
  for (const [method, params] of calls)
    await expect(hub.call(method, params), method).rejects.toMatchObject({ code: 'DRIFTLOG_ZABBIX_REFUSED' })
})

test('a name that somebody else has is made another; what others have set of a host stays', async () => {
  await using admin = await openAsAdmin()
  const [taken] = await admin.call<{ hostids: string[] }[]>('host.get', { filter: { host: 'foreign' } })
  if (!taken)
    await admin.call('host.create', {
      ...{ host: 'foreign', name: 'web-77', groups: [{ groupid: places.groupid }] },
      interfaces: []
    })
  expect((await reconcile(hub, places, [wanted(77)])).created).toEqual([technicalName('host77')])
  const named = async () => (await hosts(admin)).find(({ host }) => host === technicalName('host77'))
  expect(await named()).toMatchObject({ name: 'web-77 (host77)' })
  const [host] = await admin.call<{ hostid: string }[]>('host.get', {
    ...{ filter: { host: technicalName('host77') }, output: ['hostid'] }
  })
  const own = (await named())?.tags ?? []
  await admin.call('host.update', { hostid: host?.hostid, tags: [...own, { tag: 'team', value: 'shop' }] })
  await reconcile(hub, places, [wanted(77, { tags: { environment: 'staging' } })])
  expect((await named())?.tags).toEqual(
    expect.arrayContaining([
      { tag: 'team', value: 'shop' },
      { tag: 'environment', value: 'staging' }
    ])
  )
  const before = await hosts(admin)
  await reconcile(hub, places, [])
  expect(await hosts(admin)).toEqual(before)
})

test('a host that demands a pre-shared key takes values from who has it, and from nobody else', async () => {
  await using admin = await openAsAdmin()
  await reconcile(hub, places, [wanted(88)])
  const host = technicalName('host88')
  const [found] = await admin.call<{ hostid: string }[]>('host.get', {
    ...{ filter: { host }, output: ['hostid'] }
  })
  const psk = { identity: 'driftlog test', key: '5a'.repeat(32) }
  await admin.call('host.update', {
    ...{ hostid: found?.hostid, tls_connect: 2, tls_accept: 2 },
    ...{ tls_psk_identity: psk.identity, tls_psk: psk.key }
  })
  const value = { host, key: 'driftlog.agent.behind', value: '7', ...timeOf(Date.now()) }
  // The server reads its configuration once a second.
  let taken = { processed: 0, failed: 1 }
  for (let tries = 0; taken.failed > 0 && tries < 40; tries++) {
    await sleep(500)
    taken = await sendValues({ ...TRAPPER, psk }, [value]).catch(() => taken)
  }
  expect(taken).toEqual({ processed: 1, failed: 0 })
  expect(await sendValues(TRAPPER, [value])).toEqual({ processed: 0, failed: 1 })
  const wrong = { ...TRAPPER, psk: { ...psk, key: 'a5'.repeat(32) }, timeoutMs: 2000 }
  await expect(sendValues(wrong, [value])).rejects.toMatchObject({ code: 'DRIFTLOG_ZABBIX_AWAY' })
})
