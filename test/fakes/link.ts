/**
 * A TCP link between an agent and a hub that can do what networks do: lose the answer of a request that was
 * processed, go silent without closing (half-open), and come back.
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface Link extends AsyncDisposable {
  port: number
  /** Every n-th connection-answer is cut after the request went through; 0 loses none. */
  loseEvery(n: number): void
  /**
   * Bytes stop in both directions and nobody is told. What was open then stays open and silent for ever, as after
   * a firewall forgot it; so do connections that are made before `thaw`.
   */
  freeze(): void
  /** New connections go through again. */
  thaw(): void
  readonly lost: number
}

export async function openLink(toPort: number): Promise<Link> {
  const sockets = new Set<Socket>()
  let every = 0
  let answers = 0
  let lost = 0
  let frozen = false
  const silent = new WeakSet<Socket>()
  const server = createServer((near) => {
    const far = connect(toPort, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      if (frozen) silent.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        // A silent link tells nobody that the other side is gone: that is what half-open means.
        if (!silent.has(socket)) (socket === near ? far : near).destroy()
      })
    }
    near.on('data', (bytes) => {
      if (!silent.has(near)) far.write(bytes)
    })
    far.on('data', (bytes) => {
      if (silent.has(far)) return
      if (every > 0 && ++answers % every === 0) {
        lost++
        near.destroy()
        return
      }
      near.write(bytes)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    loseEvery: (n) => {
      every = n
    },
    freeze: () => {
      frozen = true
      for (const socket of sockets) silent.add(socket)
    },
    thaw: () => {
      frozen = false
    },
    get lost() {
      return lost
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  }
}
