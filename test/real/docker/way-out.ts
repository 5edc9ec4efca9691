/** A way out for builds on a pretended host, which has none: an HTTP proxy that only opens tunnels (CONNECT). */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

export interface WayOut extends AsyncDisposable {
  url: string
}

export async function openWayOut(address: string): Promise<WayOut> {
  const open = new Set<Socket>()
  const server = createServer((_, response) => response.writeHead(405).end())
  server.on('connection', (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  server.on('connect', (request, client: Socket, head) => {
    const { hostname, port } = new URL(`http://${request.url}`)
    const far = connect(Number(port || 443), hostname, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      far.write(head)
      far.pipe(client).pipe(far)
    })
    far.once('error', () => client.destroy())
    client.once('error', () => far.destroy())
    client.once('close', () => far.destroy())
  })
  server.listen(0, address)
  await once(server, 'listening')
  return {
    url: `http://${address}:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  }
}
