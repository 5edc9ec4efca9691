/** Writing on the real server: sent again, refused in part, of every shape, over a change of day. */
import { Client } from '@elastic/elasticsearch'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ORIGINS_INDEX, POSITIONS_INDEX } from '../../../collector/store/elasticsearch/names.ts'
import {
  ALL_TIME,
  BOUNDS,
  batch,
  DAY,
  DAY_NS,
  everything,
  field,
  type Line,
  origin
} from '../../collector/store/corpus.ts'
import { CLUSTER, emptyCluster, openStore } from './cluster.ts'

const RECORDS = 20_000
const QUIET = { info() {}, warn() {}, error() {} }
let client: Client
beforeAll(() => {
  client = new Client({ node: CLUSTER })
})
afterAll(() => client.close())
beforeEach(emptyCluster)

const documents = async () => (await client.count({ index: 'driftlog-*' })).count
/** One line a second, over the middle of the night. */
const night = (count: number, from = 0): Line[] =>
  Array.from({ length: count }, (_, n) => ({
    text: `line ${from + n} user=ann`,
    time: DAY + DAY_NS - 10_000_000_000_000n + BigInt(from + n) * 1_000_000_000n
  }))

test('everything sent again, by a hub that knows nothing, adds no document', async () => {
  await using store = await openStore()
  await store.append([batch(origin('orders'), night(RECORDS))])
  expect(await documents()).toBe(RECORDS)
  const days = await client.cat.indices({ index: 'driftlog-*', format: 'json', h: ['index'] })
  expect(days.map(({ index }) => index).sort()).toEqual([
    'driftlog-production-2026.11.23',
    'driftlog-production-2026.11.24'
  ])
  await client.indices.delete({ index: POSITIONS_INDEX })
  await client.indices.create({ index: POSITIONS_INDEX })
  await using again = await openStore()
  await again.append([batch(origin('orders'), night(RECORDS))])
  expect(await documents()).toBe(RECORDS)
  expect(again.health().figures).toMatchObject({
    store_appended_records_total: 0,
    store_existing_records_total: RECORDS
  })
})

test('an event that comes out otherwise after a crash replaces what was written of it', async () => {
  await using store = await openStore()
  const [trace, frame] = ['java.lang.Error: no', '\tat a.B.c(B.java:1)']
  // The hub dies before the position is written: the documents are there, and no position says so.
  await store.append([
    batch(
      origin('orders'),
      [
        { text: trace, time: DAY },
        { text: frame, time: DAY }
      ],
      0,
      { stored: 0, committed: 0 }
    )
  ])
  await using next = await openStore()
  const whole = `${trace}\n${frame}`
  await next.append([
    batch(origin('orders'), [
      { text: whole, time: DAY },
      { text: 'after', time: DAY + 1n }
    ])
  ])
  const { records } = await next.search(
    { where: everything, ...ALL_TIME },
    { limit: 10, direction: 'newer' },
    BOUNDS
  )
  expect(records.map(({ text }) => text)).toEqual([whole, 'after'])
})

test('a section of a file that begins elsewhere after a crash adds nothing', async () => {
  const lines = night(10)
  const bytes = Buffer.byteLength(`${lines[0]?.text}\n`)
  await using store = await openStore()
  const part = (from: number, to: number, section: string, number: number, stored = true) => {
    const made = batch(origin('orders'), lines.slice(from, to), 0, { generation: section, number })
    return stored ? made : { ...made, state: { ...made.state, stored: 0, committed: 0 } }
  }
  // Lines 6 to 9 were written, and the hub died; then the agent cuts the file at line 8 instead.
  await store.append([part(6, 10, `file@${6 * bytes}`, 1, false)])
  await using next = await openStore()
  await next.append([part(8, 10, `file@${8 * bytes}`, 2)])
  await next.append([part(0, 8, 'file', 0)])
  expect(await documents()).toBe(10)
})

/** All that Swarm and its stacks write, and what no object mapping takes. */
const swarmLabels = (n: number): Record<string, string> => ({
  'com.docker.stack.namespace': `stack-${n % 7}`,
  'com.docker.swarm.node.id': `node${n % 20}`,
  'com.docker.swarm.service.id': `service${n % 50}`,
  'com.docker.swarm.service.name': `stack-${n % 7}_app-${n % 50}`,
  'com.docker.swarm.task': '',
  'com.docker.swarm.task.id': `task${n}`,
  'com.docker.swarm.task.name': `stack-${n % 7}_app-${n % 50}.${n}.task${n}`,
  ...{
    a: 'one',
    'a.b': 'two',
    'a.b.c': 'three',
    '': 'no name',
    empty: '',
    'nul\0key': 'x',
    'nul\0value': 'x\0y'
  },
  ...{ 'lone\ud800': '\udfff', long: 'y'.repeat(40_000), ['k'.repeat(600)]: 'z', 'db.password': 'hunter2abc' }
})

test('1,000 containers whose fields and labels clash: none is refused, each line is there as it was written', async () => {
  await using store = await openStore()
  const shapes = [
    (n: number) => ({ user: n, status: 'ok', 'a.b': 1, a: { b: 2 } }),
    (n: number) => ({ user: { id: n, name: 'ann' }, status: 200 }),
    (n: number) => ({ user: [n, 'x', null], status: { code: 1 }, message: { deep: true } }),
    (n: number) => ({ user: '2026-11-25T10:00:00Z', '@timestamp': n, _id: 'x', _source: 1, '': 'empty' }),
    (n: number) => ({ ['nul\0key']: n, ['x'.repeat(600)]: 'y'.repeat(40_000), log: 'text', host: 7 })
  ]
  const batches = Array.from({ length: 1000 }, (_, n) => {
    const text = JSON.stringify(shapes[n % shapes.length]?.(n))
    const lines = [
      { text, time: DAY + BigInt(n) },
      { text: `level=info user=${n} nested={"a":`, time: DAY + BigInt(n) }
    ]
    return { ...batch(origin(`app-${n % 50}`, `h${n % 20}`, `c-${n}`), lines), labels: swarmLabels(n) }
  })
  await store.append(batches)
  expect(store.health().figures).toMatchObject({
    store_appended_records_total: 2000,
    store_simplified_records_total: 0
  })
  const found = await store.search(
    { where: everything, ...ALL_TIME },
    { limit: 3000, direction: 'newer' },
    BOUNDS
  )
  const texts = new Set(found.records.map(({ text }) => text))
  for (const { records } of batches)
    expect(texts.has(Buffer.from(records.text.subarray(0, records.textEnd[0])).toString())).toBe(true)
  const withLabels = async (labels: Record<string, string>) => {
    const filter = Object.entries(labels).map(([name, value]) => ({ term: { [`labels.${name}`]: value } }))
    return (await client.count({ index: 'driftlog-*', query: { bool: { filter } } })).count
  }
  expect(await withLabels({ com_docker_swarm_task_id: 'task17' })).toBe(2)
  expect(await withLabels({ com_docker_swarm_node_id: 'node3', com_docker_stack_namespace: 'stack-3' })).toBe(
    16
  )
  expect(await withLabels({ a: 'one', a_b: 'two', a_b_c: 'three', empty: '', nul_key: 'x' })).toBe(2000)
  expect(await withLabels({ db_password: 'hunter2abc' })).toBe(0)
})

test("a line that somebody's mapping does not take is kept whole, beside lines that are as ever", async () => {
  await client.cluster.putComponentTemplate({
    name: 'driftlog@custom',
    // A keyword of more than 32,766 bytes is refused.
    template: { mappings: { properties: { message: { type: 'keyword' } } } }
  })
  await using store = await openStore({ log: QUIET })
  const immense = `immense ${'x'.repeat(40_000)}\n\tat a.B.c(B.java:1)`
  const texts = ['before', immense, 'after']
  const lines = texts.map((text, n) => ({ text, time: DAY + BigInt(n) }))
  await store.append([batch(origin('orders'), lines)])
  expect(store.health().figures).toMatchObject({
    store_appended_records_total: 3,
    store_unsearchable_records_total: 1
  })
  const page = { limit: 10, direction: 'newer' } as const
  const { records } = await store.search({ where: everything, ...ALL_TIME }, page, BOUNDS)
  expect(records.map(({ text }) => text)).toEqual(texts)
  expect((await store.find(records[1]?.id ?? '', BOUNDS))?.text).toBe(immense)
})

test('origins whose documents are gone are made again out of records', async () => {
  const sources = [origin('orders'), { ...origin('cart', 'h2'), stream: '/app/a.log', streamNumber: 3 }]
  {
    await using store = await openStore()
    await store.append(sources.map((source) => batch(source, night(5))))
  }
  await client.indices.delete({ index: ORIGINS_INDEX })
  await using store = await openStore({ log: QUIET })
  const summaries = await store.origins()
  expect(summaries.map((summary) => summary.origin).sort((a, b) => (a.app < b.app ? 1 : -1))).toEqual(sources)
  const orders = field('app', 'cart')
  const page = { limit: 10, direction: 'newer' } as const
  expect((await store.search({ where: orders, ...ALL_TIME }, page, BOUNDS)).records).toHaveLength(5)
  await client.indices.refresh({ index: ORIGINS_INDEX })
  expect((await client.count({ index: ORIGINS_INDEX })).count).toBe(2)
})

test('a day that somebody has closed is named in every answer that it belongs to', async () => {
  await using store = await openStore()
  await store.append([batch(origin('orders'), night(10_010))])
  await client.indices.close({ index: 'driftlog-production-2026.11.23' })
  await using again = await openStore()
  const page = { limit: 50, direction: 'newer' } as const
  const query = { where: everything, ...ALL_TIME }
  const { records, coverage } = await again.search(query, page, BOUNDS)
  expect(records).toHaveLength(10)
  const unreadable = [{ part: 'driftlog-production-2026.11.23', reason: 'the index is closed' }]
  expect(coverage).toMatchObject({ complete: false, unreadable })
  const facets = await again.facets(query, { fields: ['app'], limit: 5 }, BOUNDS)
  expect(facets.coverage).toMatchObject({ complete: false, unreadable })
  const asked = { before: 20, after: 0, scope: 'instance' } as const
  await expect(again.context(records[5]?.id ?? '', asked, BOUNDS)).rejects.toThrow('the index is closed')
  await again.retain({ maxAgeMs: 1, maxBytes: 0 }, Number(DAY / 1_000_000n) + 10 * 86_400_000)
  expect((await client.cat.indices({ index: 'driftlog-*', format: 'json' })).length).toBe(1)
})
