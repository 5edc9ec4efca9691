/** Whether a port of this host is free: by listening on it, and by what the kernel says who listens. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

/** What the kernel calls listening. */
const LISTENS = '0A'

/** Why nobody can listen on the port any more; undefined where it is free. */
export async function whyTaken(port: number, read = readKernel): Promise<string | undefined> {
  const listening = listeners(read('/proc/net/tcp')).concat(listeners(read('/proc/net/tcp6')))
  if (listening.includes(port)) return `somebody listens on port ${port} of this host`
  // One after the other: by most kernels' settings :: stands for both.
  return (await refusalOf(port, '0.0.0.0')) ?? (await refusalOf(port, '::'))
}

/** Ports on which somebody listens, by the text of /proc/net/tcp or tcp6. */
export function listeners(text: string): number[] {
  return text.split('\n').flatMap((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/)
    const port = Number.parseInt(local.split(':').at(-1) ?? '', 16)
    return state === LISTENS && port > 0 ? [port] : []
  })
}

function refusalOf(port: number, host: string): Promise<string | undefined> {
  const server = createServer((socket) => socket.destroy())
  return new Promise((resolve) => {
    server.once('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(code === 'EADDRINUSE' ? `port ${port} of this host is in use` : undefined)
    })
    server.listen({ port, host, ipv6Only: host === '::' }, () => server.close(() => resolve(undefined)))
  })
}

/** '' where the kernel has no such file: it was built without IPv6. */
function readKernel(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
