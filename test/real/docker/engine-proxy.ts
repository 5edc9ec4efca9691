/**
 * Stands between an agent and its engine. A test meets every call right before the engine gets it, and right after the
 * engine has done it, before the agent hears of it: there it may do as it likes, such as ending the agent.
 */

import { rmSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'

export type Call = 'image' | 'create' | 'start' | 'update' | 'stop' | 'remove' | 'other'
export type Moment = 'before' | 'after'

export class EngineProxy implements AsyncDisposable {
  readonly path: string
  /** `false`: the call is not handed on, nor its answer. */
  meet: (call: Call, moment: Moment) => Promise<boolean> = async () => true
  readonly #engine: string
  readonly #server: Server

  private constructor(path: string, engine: string) {
    this.path = path
    this.#engine = engine
    this.#server = createServer((asked, answer) => void this.#handOn(asked, answer))
  }

  static async open(path: string, engine: string): Promise<EngineProxy> {
    const proxy = new EngineProxy(path, engine)
    await new Promise<void>((resolve) => proxy.#server.listen(path, resolve))
    return proxy
  }

  async #handOn(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const call = callOf(asked.method ?? '', asked.url ?? '')
    if (!(await this.meet(call, 'before'))) return void asked.socket.destroy()
    const { method, url: path, headers } = asked
    const on = request({ socketPath: this.#engine, method, path, headers })
    answer.on('close', () => on.destroy())
    on.on('error', () => asked.socket.destroy())
    on.on('response', async (response) => {
      if (!(await this.meet(call, 'after'))) return void asked.socket.destroy()
      response.on('error', () => asked.socket.destroy())
      answer.writeHead(response.statusCode ?? 500, response.headers)
      response.pipe(answer)
    })
    asked.pipe(on)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    rmSync(this.path, { force: true })
  }
}

function callOf(method: string, url: string): Call {
  const path = url.split('?', 1)[0] ?? ''
  if (method === 'GET' && path.startsWith('/images/')) return 'image'
  if (method === 'DELETE' && path.startsWith('/containers/')) return 'remove'
  if (method !== 'POST') return 'other'
  const action = path.split('/').at(-1) ?? ''
  const isKnown = ['create', 'start', 'update', 'stop'].includes(action) && path.startsWith('/containers/')
  return isKnown ? (action as Call) : 'other'
}
