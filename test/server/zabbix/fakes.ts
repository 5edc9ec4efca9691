/** Small servers that answer as Zabbix does, and as nothing should. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcp, type Socket } from 'node:net'
import { dataOf } from '../../../server/zabbix/packet.ts'

export interface Rpc {
  method: string
  params: Record<string, unknown>
  auth?: string
  bearer?: string
  type?: string
}

export interface FakeApi extends AsyncDisposable {
  url: URL
  asked: Rpc[]
}

/** `answer` gives the result, or an envelope or a whole answer where it has `raw`. */
export async function startApi(answer: (rpc: Rpc) => unknown): Promise<FakeApi> {
  const asked: Rpc[] = []
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    const [, bearer] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? []
    const rpc: Rpc = {
      ...(JSON.parse(Buffer.concat(pieces).toString()) as Rpc),
      ...(bearer === undefined ? {} : { bearer }),
      type: request.headers['content-type'] ?? ''
    }
    asked.push(rpc)
    const told = await answer(rpc)
    if (isRaw(told)) {
      response.writeHead(told.status ?? 200, { 'content-type': told.type ?? 'application/json' })
      response.end(told.raw)
    } else {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, ...(isError(told) ? told : { result: told }) }))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/api_jsonrpc.php`),
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
}

interface Raw {
  raw: string
  status?: number
  type?: string
}

function isRaw(told: unknown): told is Raw {
  return typeof told === 'object' && told !== null && 'raw' in told
}

function isError(told: unknown): told is { error: object } {
  return typeof told === 'object' && told !== null && 'error' in told
}

export interface FakeTrapper extends AsyncDisposable {
  port: number
  requests: unknown[]
}

/** `answer` writes whatever it likes, once a request has come whole. */
export async function startTrapper(answer: (request: unknown, socket: Socket) => void): Promise<FakeTrapper> {
  const requests: unknown[] = []
  const sockets = new Set<Socket>()
  const server = createTcp((socket) => {
    sockets.add(socket)
    let bytes = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (piece) => {
      bytes = Buffer.concat([bytes, piece])
      const request = dataOf(bytes)
      if (request === undefined) return
      requests.push(request)
      answer(request, socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  }
}
