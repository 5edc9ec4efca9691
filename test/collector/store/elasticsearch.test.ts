/** What the store in a cluster does where the cluster refuses, falls silent, or is none; by a fake that does so. */
import { beforeEach, expect, test } from 'vitest'
import { type ClusterSettings, clientOf } from '../../../collector/store/elasticsearch/cluster.ts'
import { recordOf } from '../../../collector/store/elasticsearch/document.ts'
import { ElasticsearchLogStore } from '../../../collector/store/elasticsearch/engine.ts'
import { type Brought, type FakeCluster, openFakeCluster, type Refusal } from '../../fakes/elasticsearch.ts'
import { ALL_TIME, BOUNDS, batch, DAY, everything, origin } from './corpus.ts'

const LINES = 40
const orders = origin('orders', 'h1', 'c-1')
const cart = origin('cart', 'h2', 'c-2')

/** What the store told, by level. */
let told: { warn: [object, string][]; error: [object, string][] }
beforeEach(() => {
  told = { warn: [], error: [] }
})

function openStore(fake: FakeCluster, settings: Partial<ClusterSettings> = {}, patienceMs = 5000) {
  return ElasticsearchLogStore.open({
    client: clientOf({ urls: [fake.url], ...settings }),
    log: {
      info() {},
      warn: (fields: object, text: string) => void told.warn.push([fields, text]),
      error: (fields: object, text: string) => void told.error.push([fields, text])
    } as never,
    layout: { shards: 1, replicas: 0 },
    patienceMs
  })
}

const texts = (app: string, from = 0, count = LINES) =>
  Array.from({ length: count }, (_, n) => `${app} line ${String(from + n).padStart(3, '0')}`)
const some = (of = orders, from = 0, count = LINES) =>
  batch(
    of,
    texts(of.app, from, count).map((text, n) => ({ text, time: DAY + BigInt(from + n) })),
    from * `${of.app} line 000\n`.length
  )

/** Lines as they lie in the cluster, in the order of their coming. */
function lines(fake: FakeCluster, of = orders): string[] {
  return [...fake.documents]
    .filter(([key]) => key.startsWith('driftlog-'))
    .map(([, source]) => JSON.parse(source))
    .filter(({ driftlog }) => driftlog.instance === of.instance)
    .map((stored) => recordOf(stored, of).text)
}

const isBulkOfRecords = ({ path, body }: { path: string; body: string }) =>
  path.startsWith('/_bulk') && body.includes('"_index":"driftlog-')
const isRecord = ({ index }: Brought) => index.startsWith('driftlog-')
const TOO_MUCH: Refusal = { status: 429, type: 'es_rejected_execution_exception', reason: 'queue is full' }
const UNREADABLE: Refusal = {
  status: 400,
  type: 'document_parsing_exception',
  reason: 'failed to parse field'
}

/** What becomes of the first `count` requests for which `is` holds. */
function first<A, B>(count: number, is: (asked: A) => boolean, what: B): (asked: A) => B | undefined {
  let left = count
  return (asked) => (is(asked) && left-- > 0 ? what : undefined)
}

test.for([
  ['429 for the whole bulk', { kind: 'answer', status: 429, body: { error: TOO_MUCH } }],
  ['503', { kind: 'answer', status: 503, body: { error: { type: 'x', reason: 'no master' } } }],
  ['an answer that is no JSON', { kind: 'answer', status: 502, body: '<html>Bad Gateway' }],
  ['an answer without its parts', { kind: 'answer', status: 200, body: {} }],
  ['a connection that is cut in the middle of the answer', { kind: 'cut' }]
] as const)('%s: sent again, each line once and in its order', async ([, fault]) => {
  await using fake = await openFakeCluster()
  await using store = await openStore(fake)
  fake.fault = first(2, isBulkOfRecords, fault)
  await store.append([some()])
  expect(lines(fake)).toEqual(texts('orders'))
  const { figures } = store.health()
  expect(figures).toMatchObject({ store_retried_records_total: 2 * LINES, store_simplified_records_total: 0 })
  // What was taken before the cut is there already: 409 is no failure.
  expect(figures['store_existing_records_total']).toBe(fault.kind === 'cut' ? LINES : 0)
  expect(store.health().writable).toBe(true)
})

test('an answer that never comes is waited for as long as a request may take, then sent again', async () => {
  await using fake = await openFakeCluster()
  await using store = await openStore(fake, { requestTimeoutMs: 200 })
  fake.fault = first(1, isBulkOfRecords, { kind: 'silence' })
  await store.append([some()])
  expect(lines(fake)).toEqual(texts('orders'))
  expect(store.health().figures).toMatchObject({ store_existing_records_total: LINES })
})

test.for([429, 500, 502, 503])(
  'single documents refused with %i for now: these alone are sent again',
  async (status) => {
    await using fake = await openFakeCluster()
    await using store = await openStore(fake)
    fake.refuse = first(7, (one) => isRecord(one) && /line \d\d5"/.test(one.source), { ...TOO_MUCH, status })
    await store.append([some(), some(cart)])
    for (const of of [orders, cart]) expect(lines(fake, of).sort()).toEqual(texts(of.app))
    expect(store.health().figures).toMatchObject({
      store_appended_records_total: 2 * LINES,
      store_retried_records_total: 7,
      store_simplified_records_total: 0
    })
  }
)

test.for(['driftlog.positions', 'driftlog.origins'])('%s refused for now: tried again', async (index) => {
  await using fake = await openFakeCluster()
  await using store = await openStore(fake)
  fake.refuse = first(3, (one) => one.index === index, TOO_MUCH)
  await store.append([some()])
  expect(lines(fake)).toEqual(texts('orders'))
  expect((await store.positions([orders]))[0]?.[0]?.stored).toBe(LINES * 'orders line 000\n'.length)
})

test('busy for longer than the patience: agents are told so, and the same delivery is taken later', async () => {
  await using fake = await openFakeCluster()
  await using store = await openStore(fake, {}, 300)
  fake.refuse = (one) => (isRecord(one) && one.source.includes('line 033"') ? TOO_MUCH : undefined)
  await expect(store.append([some()])).rejects.toMatchObject({
    code: 'DRIFTLOG_STORE_AWAY',
    message: expect.stringContaining('429 es_rejected_execution_exception')
  })
  expect(store.health()).toMatchObject({ writable: false, reason: expect.stringContaining('429') })
  fake.refuse = () => undefined
  await store.append([some()])
  expect(lines(fake).sort()).toEqual(texts('orders'))
  expect(store.health()).toMatchObject({
    writable: true,
    figures: { store_existing_records_total: LINES - 1 }
  })
})

test('refused for good: written again with less parsed out of it, the line whole, nothing else touched', async () => {
  await using fake = await openFakeCluster()
  await using store = await openStore(fake)
  const text = '{"user":{"id":7},"msg":"of a shape that some mapping does not take"}'
  fake.refuse = ({ source }) => (source.includes('"fields":') ? UNREADABLE : undefined)
  await store.append([some(), batch(cart, [{ text, time: DAY }])])
  expect(lines(fake)).toEqual(texts('orders'))
  expect(lines(fake, cart)).toEqual([text])
  expect(store.health().figures).toMatchObject({
    store_simplified_records_total: 1,
    store_unsearchable_records_total: 0
  })
  expect(told.warn).toMatchObject([[{ documents: 1, reason: UNREADABLE.reason }, expect.any(String)]])
  expect(told.error).toEqual([])
})

test('refused even so: the line is kept whole beside what is searched, counted, and told with the cause', async () => {
  await using fake = await openFakeCluster()
  await using store = await openStore(fake)
  const text = 'a line that no mapping takes, "quoted" and 登录\n\tat its.Second(Line.java:7)'
  const starts = '"message":"a line that'
  fake.refuse = ({ source }) => (source.includes(starts) ? UNREADABLE : undefined)
  await store.append([some(), batch(cart, [{ text, time: DAY }])])
  expect(lines(fake)).toEqual(texts('orders'))
  expect(lines(fake, cart)).toEqual([text])
  expect(store.health()).toMatchObject({
    writable: true,
    figures: { store_appended_records_total: LINES + 1, store_unsearchable_records_total: 1 }
  })
  expect(told.error).toMatchObject([[{ documents: 1, reason: UNREADABLE.reason }, expect.any(String)]])
})

test('refused in any form: agents hold their place and hear why, others are written', async () => {
  await using fake = await openFakeCluster()
  await using store = await openStore(fake)
  fake.refuse = (one) =>
    isRecord(one) && one.source.includes(`"instance":"${cart.instance}"`) ? UNREADABLE : undefined
  const [refused, taken] = await Promise.allSettled([store.append([some(cart)]), store.append([some()])])
  expect(taken.status).toBe('fulfilled')
  expect(refused).toMatchObject({
    reason: {
      code: 'DRIFTLOG_STORE_REFUSED',
      message: expect.stringMatching(/400 document_parsing_exception: failed to parse field.*driftlog@custom/)
    }
  })
  expect(lines(fake)).toEqual(texts('orders'))
  expect((await store.positions([cart]))[0]?.[0]?.stored ?? 0).toBe(0)
})

test.for([
  [403, 'cluster_block_exception', 'index [x] blocked by: [FORBIDDEN/8/index write (api)]'],
  [400, 'index_closed_exception', 'closed'],
  [400, 'validation_exception', 'this cluster currently has [1000]/[1000] maximum normal shards open'],
  [404, 'index_not_found_exception', 'no such index [x] and [action.auto_create_index] is [false]']
] as const)(
  'what an index refuses as such (%i %s) simplifies nothing: agents hold their place until it takes them again',
  async ([status, type, reason]) => {
    await using fake = await openFakeCluster()
    await using store = await openStore(fake)
    fake.refuse = (one) => (isRecord(one) ? { status, type, reason } : undefined)
    await expect(store.append([some()])).rejects.toMatchObject({
      code: 'DRIFTLOG_STORE_REFUSED',
      message: expect.stringContaining(reason)
    })
    expect(store.health()).toMatchObject({ writable: false, reason: expect.stringContaining(reason) })
    fake.refuse = () => undefined
    await store.append([some()])
    expect(lines(fake)).toEqual(texts('orders'))
    expect(store.health()).toMatchObject({ writable: true, figures: { store_simplified_records_total: 0 } })
  }
)

test('an answer that ran out of time gives no page with holes: it says how far was searched', async () => {
  await using fake = await openFakeCluster()
  await using store = await openStore(fake)
  await store.append([some()])
  const [[key = '', source = ''] = []] = [...fake.documents].filter(([name]) => name.startsWith('driftlog-'))
  const index = key.split('/')[0]
  const hits = { hits: [{ _index: index, _source: JSON.parse(source) }] }
  const body = { hits, timed_out: true, _shards: { total: 1, failed: 0 } }
  fake.fault = ({ path }) => {
    if (path.includes('_cat')) return { kind: 'answer', status: 200, body: [{ index, status: 'open' }] }
    return path.includes('_search') ? { kind: 'answer', status: 200, body } : undefined
  }
  const page = { limit: 10, direction: 'older' } as const
  expect(await store.search({ where: everything, ...ALL_TIME }, page, BOUNDS)).toMatchObject({
    records: [],
    more: true,
    coverage: { complete: false, searchedTo: ALL_TIME.to }
  })
})

test('a proxy that takes no large bodies: smaller bulks, and still each line once in its order', async () => {
  await using fake = await openFakeCluster()
  await using store = await openStore(fake)
  fake.fault = (asked) =>
    isBulkOfRecords(asked) && asked.body.length > 4000 ? { kind: 'answer', status: 413 } : undefined
  await store.append([some()])
  expect(lines(fake)).toEqual(texts('orders'))
  expect(store.health().figures).toMatchObject({ store_simplified_records_total: 0 })
})

test('what lies where a new record lies and can not be deleted for now is deleted all the same', async () => {
  await using fake = await openFakeCluster()
  await using store = await openStore(fake)
  const index = 'driftlog-production-2026.11.23'
  const id = `${orders.instance}.${orders.streamNumber}.g0.3`
  const left = { _index: index, _id: id, _source: { driftlog: { at: 3, until: 9 } } }
  fake.documents.set(`${index}/${id}`, '{}')
  let refusals = 2
  fake.fault = ({ path, body }) => {
    if (path.includes('_search') && body.includes('driftlog.source'))
      return { kind: 'answer', status: 200, body: { hits: { hits: [left] }, timed_out: false } }
    if (!body.includes('"delete"') || refusals-- <= 0) return undefined
    return { kind: 'answer', status: 200, body: { items: [{ delete: { status: 429, error: TOO_MUCH } }] } }
  }
  await store.append([some()])
  expect(refusals).toBeLessThan(0)
  expect(fake.documents.has(`${index}/${id}`)).toBe(false)
})

test.for([
  [401, 'security_exception', /DRIFTLOG_ELASTICSEARCH_API_KEY/],
  [403, 'security_exception', /privileges that docs\/elasticsearch\.md lists/]
] as const)(
  '%i at the start and later: a code, the cause, and the way out',
  async ([status, type, wayOut]) => {
    await using fake = await openFakeCluster()
    const denial = { kind: 'answer', status, body: { error: { type, reason: 'not for you' } } } as const
    const refusal = { code: 'DRIFTLOG_STORE_REFUSED', message: expect.stringMatching(wayOut) }
    fake.fault = () => denial
    await expect(openStore(fake, { apiKey: 'secret-key' })).rejects.toMatchObject(refusal)
    fake.fault = () => undefined
    await using store = await openStore(fake)
    fake.fault = (asked) => (isBulkOfRecords(asked) ? denial : undefined)
    await expect(store.append([some()])).rejects.toMatchObject(refusal)
    fake.fault = ({ path }) => (path.includes('_mget') ? denial : undefined)
    await expect(store.positions([cart])).rejects.toMatchObject(refusal)
  }
)

test.for([200, 404])('what is no Elasticsearch, and answers with %i, is told so', async (status) => {
  await using fake = await openFakeCluster()
  fake.fault = () => ({ kind: 'answer', status, product: false })
  await expect(openStore(fake)).rejects.toMatchObject({
    code: 'DRIFTLOG_STORE_REFUSED',
    message: expect.stringMatching(/is no Elasticsearch.*DRIFTLOG_ELASTICSEARCH_URL/)
  })
})

test('an Elasticsearch that refuses the first questions, such as an older one, is told so', async () => {
  await using fake = await openFakeCluster()
  const error = { type: 'media_type_header_exception', reason: 'Invalid media-type value' }
  fake.fault = () => ({ kind: 'answer', status: 406, body: { error } })
  await expect(openStore(fake)).rejects.toMatchObject({
    code: 'DRIFTLOG_STORE_REFUSED',
    message: expect.stringMatching(/Invalid media-type value.*Elasticsearch 8 or 9/)
  })
})

test.for([
  [{ apiKey: 'a2V5OnNlY3JldA==' }, 'ApiKey a2V5OnNlY3JldA=='],
  [
    { user: { name: 'ann', password: 'a pass"word ü' } },
    `Basic ${Buffer.from('ann:a pass"word ü').toString('base64')}`
  ],
  [{}, undefined]
] as const)('every request brings the credentials: %o', async ([settings, header]) => {
  await using fake = await openFakeCluster()
  await using store = await openStore(fake, settings)
  await store.append([some()])
  await store.origins()
  expect(fake.asked.length).toBeGreaterThan(8)
  expect(new Set(fake.asked.map(({ headers }) => headers.authorization))).toEqual(new Set([header]))
  expect(fake.asked.filter(({ path }) => path.includes('a2V5') || path.includes('pass'))).toEqual([])
})

test('an event that lies there cut short, by a hub that died, gives way to the whole one', async () => {
  await using fake = await openFakeCluster()
  await using store = await openStore(fake)
  const index = 'driftlog-production-2026.11.23'
  const id = `${orders.instance}.${orders.streamNumber}.g0.0`
  fake.documents.set(`${index}/${id}`, '{"message":"orders","driftlog":{"until":6}}')
  await store.append([some()])
  expect(lines(fake)).toEqual(texts('orders'))
  expect(store.health().figures).toMatchObject({
    store_existing_records_total: 1,
    store_replaced_records_total: 1
  })
})
