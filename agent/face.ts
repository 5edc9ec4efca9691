/** The agent's two addresses on loopback: /metrics and /healthz. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FaceOptions {
  /** 0 takes any free port. */
  port: number
  metrics: () => string
  health: () => Health
}

export interface Health {
  ok: boolean
  hub: string
  engine: string
  streams: number
  behindBytes: number
}

export interface Face extends AsyncDisposable {
  port: number
}

/** Rejects where the port is taken. */
export async function openFace({ port, metrics, health }: FaceOptions): Promise<Face> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0]
    if (request.method !== 'GET' && request.method !== 'HEAD') response.writeHead(405).end()
    else if (path === '/metrics') {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(metrics())
    } else if (path === '/healthz') {
      const now = health()
      response.writeHead(now.ok ? 200 : 503, { 'content-type': 'application/json' }).end(JSON.stringify(now))
    } else response.writeHead(404).end()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}
