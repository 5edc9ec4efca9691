import { expect, test } from 'vitest'
import { HubClient } from '../../../server/cli/client.ts'
import { heard, keepConnected } from '../../../server/cli/connection.ts'
import { hubThatSays, sendEvent } from './hub-that-says.ts'

test('a connection that has fallen silent is given up, and another one goes on behind what was heard', async () => {
  const asked: (string | undefined)[] = []
  await using hub = await hubThatSays((request, response) => {
    asked.push(request.headers['last-event-id'] as string | undefined)
    // The first one stays open, and nothing more comes.
    sendEvent(response, 'step', {}, String(asked.length))
    if (asked.length === 2) response.end()
  })
  const client = new HubClient({ url: new URL(hub.url) })
  const { signal } = new AbortController()
  const remarks: string[] = []
  let lastId: string | undefined
  await keepConnected(
    async ({ stands }) => {
      for await (const { id } of heard(client, { path: '/', lastId }, signal, 200)) {
        stands()
        lastId = id
      }
      return 'over'
    },
    { remark: (text) => void remarks.push(text) },
    signal
  )
  expect(asked).toEqual([undefined, '1'])
  expect(lastId).toBe('2')
  expect(remarks).toEqual(['The connection to the hub is lost; trying again in 0.5 s.'])
})
