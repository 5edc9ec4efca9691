/** What only the embedded engine does: parts, threads, locks, joining, retention of positions. */
import { readdir, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { EmbeddedLogStore } from '../../../collector/store/embedded/engine.ts'
import { openStores } from '../../../collector/store/open.ts'
import { allPages, textsOf } from './contract.ts'
import {
  ALL_TIME,
  BOUNDS,
  batch,
  DAY,
  DAY_NS,
  everything,
  type Line,
  origin,
  random,
  regex,
  words
} from './corpus.ts'
import { copyAfterCrash, openEmbedded, silent, testFolder } from './folder.ts'

const orders = origin('orders')

describe('round trip', () => {
  test('120,000 random records come back byte for byte, from parts and journals', {
    timeout: 120_000
  }, async () => {
    await using folder = await testFolder()
    await using store = await openEmbedded(folder.path, { rotateAt: { rows: 50_000 } })
    const next = random(5)
    const sent = new Map<string, string>()
    const sources = Array.from({ length: 6 }, (_, n) => origin(`app${n % 3}`, 'h1', `c${n}`))
    for (let n = 0; n < 60; n++) {
      const source = sources[n % 6] ?? orders
      const lines = Array.from(
        { length: 2000 },
        (): Line => ({ text: randomText(next), time: DAY + BigInt(Math.floor(next() * 1e15)) })
      )
      const made = batch(source, lines, n * 10_000_000)
      await store.append([made])
      lines.forEach((line, row) => {
        sent.set(`${source.instance}.0.0.${made.records.offset[row]}`, `${line.time} ${line.text}`)
      })
    }
    const records = await allPages(store, 'newer', 1000)
    expect(records).toHaveLength(120_000)
    expect(records.filter((record) => sent.get(record.id) !== `${record.time} ${record.text}`)).toEqual([])
    expect(store.health().figures['parts']).toBeGreaterThan(0)
  })
})

describe('queries', () => {
  test('an expression that never ends does not hang the store', { timeout: 60_000 }, async () => {
    await using folder = await testFolder()
    await using store = await openEmbedded(folder.path)
    await store.append([batch(orders, [{ text: `${'a'.repeat(60)}!`, time: DAY }])])
    await textsOf(store)
    const bounds = { budgetMs: 1000 }
    const bad = store.search(
      { where: regex('^(a+)+$'), ...ALL_TIME },
      { limit: 10, direction: 'older' },
      bounds
    )
    const good = textsOf(store)
    expect((await bad).coverage).toMatchObject({ complete: false })
    expect(await good).toHaveLength(1)
    expect(store.health().figures['query_threads_replaced_total']).toBe(1)
    expect(await textsOf(store, words('a'.repeat(60)))).toHaveLength(1)
  })

  test('a question that is aborted is refused with the reason', async () => {
    await using folder = await testFolder()
    await using store = await openEmbedded(folder.path)
    const stop = new AbortController()
    const asked = store.search(
      { where: everything, ...ALL_TIME },
      { limit: 10, direction: 'older' },
      { ...BOUNDS, signal: stop.signal }
    )
    stop.abort(new Error('no longer needed'))
    await expect(asked).rejects.toThrow('no longer needed')
  })

  test('running out of time gives a page that can be gone on from', async () => {
    await using folder = await testFolder()
    await using store = await openEmbedded(folder.path)
    const lines = Array.from(
      { length: 100 },
      (_, n): Line => ({ text: `n${n}`, time: DAY + BigInt(n) * 1_000_000n })
    )
    for (const [n, line] of lines.entries()) await store.append([batch(orders, [line], n * 100)])
    const page = await store.search(
      { where: everything, ...ALL_TIME },
      { limit: 50, direction: 'older' },
      { budgetMs: 0 }
    )
    expect(page).toMatchObject({ records: [], more: true, coverage: { complete: false } })
    expect(page.coverage.searchedTo).toBeGreaterThan(DAY + 98_000_000n)
  })

  test('a follower that is too slow is told exactly how much it missed', async () => {
    await using folder = await testFolder()
    await using store = await openEmbedded(folder.path, { followKeeps: 5 })
    const arrivals = store
      .follow({ where: words('yes') }, AbortSignal.timeout(15_000))
      [Symbol.asyncIterator]()
    await arrivals.next()
    const lines = Array.from(
      { length: 100 },
      (_, n): Line => ({ text: n % 2 ? 'no' : `yes ${n}`, time: DAY + BigInt(n) })
    )
    await store.append([batch(orders, lines)])
    expect((await arrivals.next()).value).toMatchObject({
      kind: 'skipped',
      count: 45,
      from: DAY,
      to: DAY + 88n
    })
    const { value } = await arrivals.next()
    expect(value).toMatchObject({
      kind: 'records',
      records: [90, 92, 94, 96, 98].map((n) => ({ text: `yes ${n}` }))
    })
  })

  test('sealed journals are kept for followers for an hour, the newest for good', async () => {
    await using folder = await testFolder()
    const journals = join(folder.path, 'journal')
    const kept = async () => (await readdir(journals)).filter((name) => name.endsWith('.sealed')).sort()
    {
      await using store = await openEmbedded(folder.path)
      for (let n = 0; n < 3; n++) {
        await store.append([batch(orders, [{ text: `line ${n}`, time: DAY + BigInt(n) }], n * 100)])
        await store.seal()
      }
    }
    const names = await kept()
    expect(names).toHaveLength(3)
    const old = new Date(Date.now() - 2 * 3_600_000)
    for (const name of names) await utimes(join(journals, name), old, old)
    await using store = await openEmbedded(folder.path)
    await expect.poll(kept, { timeout: 10_000 }).toEqual(names.slice(-1))
    expect(store.health().records).toBe(3)
  })

  test('records are found while journals are sealed and parts are joined', { timeout: 60_000 }, async () => {
    await using folder = await testFolder()
    await using store = await openEmbedded(folder.path, { rotateAt: { rows: 20 } })
    for (let n = 0; n < 60; n++) {
      const lines = Array.from(
        { length: 7 },
        (_, i): Line => ({ text: `${n * 7 + i}`, time: DAY + BigInt(n * 7 + i) })
      )
      await store.append([batch(orders, lines, n * 1000)])
      const found = await textsOf(store)
      expect(found.map(Number)).toEqual(Array.from({ length: (n + 1) * 7 }, (_, i) => i))
    }
    await store.seal()
    while ((store.health().figures['merges_total'] ?? 0) === 0) await new Promise((go) => setTimeout(go, 20))
    expect(await textsOf(store)).toHaveLength(420)
    await using crashed = await copyAfterCrash(folder.path)
    await using again = await openEmbedded(crashed.path)
    expect(await textsOf(again)).toHaveLength(420)
    expect(again.health().records).toBe(420)
    expect((await readdir(join(folder.path, 'parts', '2026-11-23'))).some((name) => name.includes('-'))).toBe(
      true
    )
  })
})

describe('retention', () => {
  test('streams of which nothing is left are forgotten after a long time, others are not', async () => {
    await using folder = await testFolder()
    await using store = await openEmbedded(folder.path)
    const other = origin('cart')
    await store.append([
      batch(orders, [{ text: 'old', time: DAY - 300n * DAY_NS }]),
      batch(other, [{ text: 'new', time: DAY }])
    ])
    await store.seal()
    const dayMs = Number(DAY_NS / 1_000_000n)
    expect(await store.retain({ maxAgeMs: 200 * dayMs, maxBytes: 0 }, Number(DAY / 1_000_000n))).toBe(1)
    expect((await store.positions([orders]))[0]).toHaveLength(1)
    await store.retain({ maxAgeMs: 200 * dayMs, maxBytes: 0 }, Date.now() + 201 * dayMs)
    expect((await store.positions([orders, other])).map((states) => states.length)).toEqual([0, 0])
    await store.append([batch(other, [{ text: 'again', time: DAY }])])
    expect(await textsOf(store)).toContain('again')
    await using crashed = await copyAfterCrash(folder.path)
    await using again = await openEmbedded(crashed.path)
    expect((await again.positions([orders, other])).map((states) => states.length)).toEqual([0, 1])
    expect(await textsOf(again)).toContain('again')
  })
})

describe('retention by instance', () => {
  test('a part is written again without what is too old, under questions and over a crash', async () => {
    await using folder = await testFolder()
    await using store = await openEmbedded(folder.path)
    const other = origin('cart')
    const texts = (app: string) => Array.from({ length: 500 }, (_, i) => ({ text: `${app} ${i}`, time: DAY }))
    await store.append([batch(orders, texts('orders')), batch(other, texts('cart'))])
    await store.seal()
    const before = store.health().bytes
    expect(await textsOf(store)).toHaveLength(1000)
    const dayMs = Number(DAY_NS / 1_000_000n)
    const nowMs = Number(DAY / 1_000_000n) + 3 * dayMs
    const ages = new Map([[orders.instance, 2 * dayMs]])
    const asked = Array.from({ length: 20 }, () => textsOf(store))
    expect(await store.retain({ maxAgeMs: 0, maxBytes: 0, ages }, nowMs)).toBe(500)
    for (const found of await Promise.all(asked)) expect([500, 1000]).toContain(found.length)
    const kept = await textsOf(store)
    expect(new Set(kept.map((text) => text.split(' ')[0]))).toEqual(new Set(['cart']))
    expect(kept).toHaveLength(500)
    expect(store.health().bytes).toBeLessThan(before)
    expect(store.health().figures['thinned_parts_total']).toBe(1)
    await using crashed = await copyAfterCrash(folder.path)
    await using again = await openEmbedded(crashed.path)
    expect(await textsOf(again)).toEqual(kept)
    expect(again.health().records).toBe(500)
  })
})

describe('the folder', () => {
  test('has one user; the lock of a process that died is taken over', async () => {
    await using folder = await testFolder()
    {
      await using store = await openEmbedded(folder.path)
      await expect(openEmbedded(folder.path)).rejects.toMatchObject({ code: 'DRIFTLOG_FOLDER_LOCKED' })
      expect(store.health().writable).toBe(true)
    }
    const dead = { pid: 4_194_000, started: 'boot/1', host: hostname(), token: 'x' }
    await writeFile(join(folder.path, 'lock'), JSON.stringify(dead))
    await using store = await openEmbedded(folder.path)
    expect(store.health().writable).toBe(true)
  })

  test('a lock from another machine holds while it is touched', { timeout: 30_000 }, async () => {
    await using folder = await testFolder()
    const path = join(folder.path, 'lock')
    await writeFile(path, JSON.stringify({ pid: 1, started: '', host: 'elsewhere', token: 'x' }))
    const touching = setInterval(() => void utimes(path, new Date(), new Date()), 20)
    const settings = { foreignWaitMs: 2000 }
    try {
      await expect(openEmbedded(folder.path, settings)).rejects.toMatchObject({
        code: 'DRIFTLOG_FOLDER_LOCKED'
      })
    } finally {
      clearInterval(touching)
    }
    await using store = await openEmbedded(folder.path, settings)
    expect(store.health().writable).toBe(true)
  })

  test('a closed store says so', async () => {
    await using folder = await testFolder()
    const store = await openEmbedded(folder.path)
    await store[Symbol.asyncDispose]()
    await expect(store.append([])).rejects.toMatchObject({ code: 'DRIFTLOG_STORE_CLOSED' })
    await expect(textsOf(store)).rejects.toMatchObject({ code: 'DRIFTLOG_STORE_CLOSED' })
    expect(store.health().writable).toBe(false)
  })

  test('openStores opens both stores of the engine that is asked for', async () => {
    await using folder = await testFolder()
    await using embedded = await openStores({ engine: 'embedded', dataDir: folder.path, log: silent })
    expect(embedded.logs).toBeInstanceOf(EmbeddedLogStore)
    await embedded.state.put('host/1', { name: 'a' })
    expect(await embedded.state.get('host/1')).toEqual({ name: 'a' })
    await using memory = await openStores({ engine: 'memory', dataDir: '', log: silent })
    expect(memory.logs.health().engine).toBe('memory')
  })
})

function randomText(next: () => number): string {
  const alphabet = [
    'a',
    'B',
    '7',
    ' ',
    '\n',
    '\r',
    '\0',
    '\t',
    '"',
    'é',
    '登',
    '🦊',
    '\u{10ffff}',
    '\ufeff',
    '\u001b[1m',
    'timeout',
    '10.0.0.1'
  ]
  let text = ''
  const length = next() < 0.001 ? 5000 : Math.floor(next() * 12)
  for (let n = 0; n < length; n++) text += alphabet[Math.floor(next() * alphabet.length)]
  return text
}
