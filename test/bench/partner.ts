/** A bench's helper in a process of its own, so that its work is not counted as the measured program's. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface Partner extends AsyncDisposable {
  child: ChildProcess
  /** The first message that it sent. */
  hello: Record<string, unknown>
  /** Sends a message and resolves to the next one that comes back. */
  ask<T>(message: string | object): Promise<T>
}

/** `file` stands beside this one; it sends one message when it is ready, and ends when its channel does. */
export async function startPartner(file: string, args: string[]): Promise<Partner> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, { execArgv: ['--import', 'tsx'] })
  const answer = () =>
    new Promise<unknown>((resolve, reject) => {
      const ended = (code: number | null) => reject(new Error(`${file} ended with ${code}`))
      child.once('exit', ended)
      child.once('message', (message) => {
        child.off('exit', ended)
        resolve(message)
      })
    })
  return {
    child,
    hello: (await answer()) as Record<string, unknown>,
    ask: async <T>(message: string | object) => {
      child.send(message)
      return (await answer()) as T
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.disconnect()
      await once(child, 'exit')
    }
  }
}
