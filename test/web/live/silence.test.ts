import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { serverEvents } from '../../../web/api/tail.ts'
import { untilSilent } from '../../../web/live/silence.ts'

test('a connection over which nothing comes any more is given up; what had come was taken', async () => {
  const open: ServerResponse[] = []
  const server = createServer((_request, response) => {
    open.push(response)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const n of [1, 2]) response.write(`event: beat\ndata: ${n}\n\n`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const attempt = new AbortController()
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/`, { signal: attempt.signal })
  const came: string[] = []
  const reading = async () => {
    for await (const { data } of untilSilent(serverEvents(response), attempt, 200)) came.push(data)
  }
  await expect(reading()).rejects.toThrow(/abort/i)
  expect(came).toEqual(['1', '2'])
  for (const response of open) response.end()
  server.close()
})
