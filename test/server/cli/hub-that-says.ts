/** A small real HTTP server in the hub's place, where a test needs answers that a real hub gives only at odd times. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { RecordJson } from '../../../server/api/logs.ts'

export type Answering = (request: IncomingMessage, response: ServerResponse, url: URL) => void

export async function hubThatSays(answering: Answering) {
  const server = createServer((request, response) =>
    answering(request, response, new URL(request.url ?? '/', 'http://hub'))
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

export function sendEvent(response: ServerResponse, kind: string, data: unknown, id?: string): void {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(`event: ${kind}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`)
}

export function record(n: number, text: string, more: Partial<RecordJson> = {}): RecordJson {
  const time = `2026-11-23T10:00:${String(n % 60).padStart(2, '0')}.000000000Z`
  return {
    id: `0123456789abcdef.0.0.${n}`,
    time,
    received: time,
    level: 'info',
    app: 'orders',
    environment: 'production',
    host: 'h1',
    hostName: 'berlin-1',
    instance: '0123456789abcdef',
    container: 'c'.repeat(64),
    containerName: 'orders-1',
    image: 'orders:1',
    stream: 'docker',
    output: 'stdout',
    generation: 0,
    offset: n,
    text,
    ...more
  }
}

export function page(records: RecordJson[], cursor?: string) {
  const time = '2026-11-23T10:00:00.000000000Z'
  return {
    records,
    page: {
      ...(cursor === undefined ? {} : { cursor }),
      from: time,
      to: time,
      tookMs: 1,
      hubTime: time,
      coverage: { complete: true, unreadable: [], scannedRecords: 0, behind: [] },
      warnings: []
    }
  }
}
