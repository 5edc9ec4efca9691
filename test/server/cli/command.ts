/** Runs the command line as a person does: a process of its own, its output in pipes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { storeEnv } from '../../system/engine.ts'

const MAIN = fileURLToPath(new URL('../../../server/cli/main.ts', import.meta.url))

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

export async function command(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  await using running = startCommand(args, env)
  return await running.ended
}

export interface Running extends AsyncDisposable {
  child: ChildProcess
  ended: Promise<Ended>
  stdout(): string
  stderr(): string
  /** Resolves as soon as either output matches; rejects when it ends before that. */
  said(pattern: RegExp): Promise<RegExpExecArray>
}

export function startCommand(args: string[], env: NodeJS.ProcessEnv = {}): Running {
  // Hubs alone are given a folder so.
  const folder = args.includes('--data') ? args[args.indexOf('--data') + 1] : undefined
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...args], {
    env: { ...cleanEnv(), ...(folder === undefined ? {} : storeEnv(folder)), ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let stdout = ''
  let stderr = ''
  const wakers = new Set<() => void>()
  const hear = (take: (text: string) => void) => (text: string) => {
    take(text)
    for (const wake of wakers) wake()
  }
  child.stdout?.setEncoding('utf8').on(
    'data',
    hear((text) => (stdout += text))
  )
  child.stderr?.setEncoding('utf8').on(
    'data',
    hear((text) => (stderr += text))
  )
  const ended = once(child, 'close').then(([code]) => {
    for (const wake of wakers) wake()
    return { code, stdout, stderr }
  })
  return {
    child,
    ended,
    stdout: () => stdout,
    stderr: () => stderr,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(stdout) ?? pattern.exec(stderr)
          if (found) resolve(found)
          else if (child.exitCode === null && child.signalCode === null) return
          else
            reject(new Error(`ended with ${child.exitCode} before it said ${pattern}:\n${stdout}\n${stderr}`))
          wakers.delete(look)
        }
        wakers.add(look)
        look()
      }),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await ended
    }
  }
}

/** Nothing of what the developer has set for a hub of their own. */
function cleanEnv(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(DRIFTLOG_|NO_COLOR$|FORCE_COLOR$|NODE_V8|VITEST)/.test(name)
  )
  return Object.fromEntries(kept)
}
