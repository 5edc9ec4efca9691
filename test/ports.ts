/** Ports for tests: below those that the kernel gives to whoever connects or asks for any, so nobody takes them meanwhile. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

const FIRST = 12_000
/** Another range for each worker of a run. */
const EACH = 3000
const WORKERS = 6
/** Another beginning for each run beside this one. */
let handedOut = Math.floor(Math.random() * EACH)

/** Not asked for again before thousands of others were. */
export function nextPort(): number {
  const worker = Number(process.env['VITEST_POOL_ID'] ?? 0) % WORKERS
  return FIRST + worker * EACH + (handedOut++ % EACH)
}

/** False where somebody has the port. */
export function listens(server: Server, port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error)
    )
    server.listen(port, host, () => resolve(true))
  })
}

/** Somebody who has a port. */
export async function listening(host: string): Promise<{ server: Server; port: number }> {
  for (;;) {
    const [server, port] = [createServer(), nextPort()]
    if (await listens(server, port, host)) return { server, port }
  }
}

export async function freePort(host = '127.0.0.1'): Promise<number> {
  const { server, port } = await listening(host)
  server.close()
  await once(server, 'close')
  return port
}
