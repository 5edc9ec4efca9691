import { once } from 'node:events'
import { expect, test } from 'vitest'
import { MemoryLogStore } from '../../../collector/store/memory.ts'
import type { Bounds, Page, PageAsked, Query } from '../../../collector/store/store.ts'
import { batch, DAY, origin } from '../../collector/store/corpus.ts'
import { openFace, range } from '../face.ts'

const question = `/api/logs?${range(DAY, DAY + 1n)}`

test('a request that runs when the hub closes gets its answer, and a new one has nobody to talk to', async () => {
  const logs = new Slow()
  await using face = await openFace({
    logs,
    batches: [batch(origin('orders'), [{ text: 'hello', time: DAY }])]
  })
  const running = face.get(question)
  await once(logs.events, 'search')
  const closed = face.app.close()
  logs.events.dispatchEvent(new Event('go'))
  expect((await running).body.records).toHaveLength(1)
  await closed
  await expect(fetch(face.url + question)).rejects.toThrow()
})

test('a question of a client that went away is given up, and its place is free', async () => {
  const logs = new Slow()
  await using face = await openFace({
    logs,
    env: { DRIFTLOG_QUERY_CONCURRENT: '1', DRIFTLOG_QUERY_WAITING: '0' }
  })
  const client = new AbortController()
  const asked = fetch(face.url + question, { signal: client.signal })
  await once(logs.events, 'search')
  expect(await face.get(question)).toMatchObject({ status: 429, body: { code: 'DRIFTLOG_QUERY_BUSY' } })
  client.abort()
  await expect(asked).rejects.toThrow()
  await once(logs.events, 'given up')
  logs.waits = false
  expect((await face.get(question)).status).toBe(200)
})

/** Answers when it is told to, or when nobody waits any more. */
class Slow extends MemoryLogStore {
  readonly events = new EventTarget()
  waits = true

  override async search(query: Query, asked: PageAsked, bounds: Bounds): Promise<Page> {
    if (this.waits) {
      const go = once(this.events, 'go', bounds.signal ? { signal: bounds.signal } : {})
      this.events.dispatchEvent(new Event('search'))
      try {
        await go
      } catch (error) {
        setImmediate(() => this.events.dispatchEvent(new Event('given up')))
        throw error
      }
    }
    return super.search(query, asked, bounds)
  }
}
