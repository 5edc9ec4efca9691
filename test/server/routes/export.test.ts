import { get, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { MemoryLogStore } from '../../../collector/store/memory.ts'
import type { Bounds, Page, PageAsked, Query } from '../../../collector/store/store.ts'
import { batch, DAY, origin } from '../../collector/store/corpus.ts'
import { openFace, range } from '../face.ts'

const day = range(DAY, DAY + 86_400_000_000_000n)

test.each(['memory', 'embedded'] as const)('%s: everything comes once, oldest first', async (engine) => {
  await using face = await openFace({ engine, batches: [lines(1700)] })
  const rows = await exported(`${face.url}/api/logs/export?${day}`)
  expect(rows.map((row) => row.text)).toEqual(Array.from({ length: 1700 }, (_, index) => `line ${index}`))
})

test('an export that reaches its limit says so at its end, with the place to go on', async () => {
  await using face = await openFace({ batches: [lines(30)] })
  const rows = await exported(`${face.url}/api/logs/export?${day}&limit=10`)
  expect(rows).toHaveLength(11)
  expect(rows[10]).toMatchObject({
    error: { code: 'DRIFTLOG_EXPORT_LIMIT' },
    cursor: expect.stringMatching(/_/)
  })
  expect(await exported(`${face.url}/api/logs/export?${day}&limit=30`)).toHaveLength(30)
})

test('a search that runs out of time goes on where it stopped', async () => {
  const logs = new Hesitant()
  await using face = await openFace({ logs, batches: [lines(300)] })
  const rows = await exported(`${face.url}/api/logs/export?${day}`)
  expect(rows.map((row) => row.text)).toEqual(Array.from({ length: 300 }, (_, index) => `line ${index}`))
  expect(logs.searches).toBeGreaterThan(5)
})

test('what breaks on the way is told in the last line, without details of the inside', async () => {
  const logs = new Hesitant()
  logs.failsAt = 4
  await using face = await openFace({ logs, batches: [lines(300)] })
  const rows = await exported(`${face.url}/api/logs/export?${day}`)
  expect(rows.at(-1)).toMatchObject({ error: { code: 'DRIFTLOG_INTERNAL', statusCode: 500 } })
  expect(JSON.stringify(rows.at(-1))).not.toContain('disk of Bob')
})

test('a client that goes away stops the search, one that pauses is waited for', async () => {
  const logs = new Hesitant()
  const text = 'x'.repeat(20_000)
  const many = Array.from({ length: 3000 }, (_, index) => ({ text, time: DAY + BigInt(index) }))
  await using face = await openFace({ logs, batches: [batch(origin('orders'), many)] })
  const response = await new Promise<IncomingMessage>((resolve) =>
    get(`${face.url}/api/logs/export?${day}`, { agent: false }, resolve)
  )
  response.pause()
  let before = -1
  while (logs.searches !== before) {
    before = logs.searches
    await sleep(300)
  }
  expect(before).toBeLessThan(600)
  response.destroy()
  await sleep(300)
  const after = logs.searches
  await sleep(300)
  expect(logs.searches).toBe(after)
})

/** Finds ten records at a time, then runs out of time at the instant that it reached. */
class Hesitant extends MemoryLogStore {
  searches = 0
  failsAt = Number.POSITIVE_INFINITY

  override async search(query: Query, asked: PageAsked, bounds: Bounds): Promise<Page> {
    if (++this.searches === this.failsAt) throw new Error('the disk of Bob is broken')
    const page = await super.search(query, { ...asked, limit: 5 }, bounds)
    const last = page.records.at(-1)
    if (!page.more || !last) return page
    return {
      records: page.records,
      more: false,
      coverage: { ...page.coverage, complete: false, searchedTo: last.time }
    }
  }
}

function lines(count: number) {
  return batch(
    origin('orders'),
    Array.from({ length: count }, (_, index) => ({ text: `line ${index}`, time: DAY + BigInt(index >> 2) }))
  )
}

async function exported(url: string) {
  const text = await (await fetch(url)).text()
  return text.split('\n').flatMap((line) => (line ? [JSON.parse(line)] : []))
}
