/** A load balancer before hubs, as simple as it can be: each request goes to the hub that `pick` names. */
import { Agent, createServer, request } from 'node:http'
import { pipeline } from 'node:stream'

export interface Balancer extends AsyncDisposable {
  url: string
  /** Requests that were passed on, by hub. */
  passed: Map<string, number>
}

export async function startBalancer(pick: () => string): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true })
  const passed = new Map<string, number>()
  const server = createServer((asked, answer) => {
    const hub = pick()
    passed.set(hub, (passed.get(hub) ?? 0) + 1)
    const { method, headers } = asked
    // As a balancer does that finds a hub dead: the connection of whoever asked is cut.
    const fail = () => answer.destroy()
    const onward = request(`${hub}${asked.url}`, { method, headers, agent }, (told) => {
      answer.writeHead(told.statusCode ?? 502, told.headers)
      pipeline(told, answer, (error) => error && fail())
    })
    onward.on('error', fail)
    pipeline(asked, onward, () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    passed,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      agent.destroy()
    }
  }
}
