/** Starting worker threads, from built files and from TypeScript sources alike. */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker, type WorkerOptions } from 'node:worker_threads'

/**
 * Starts a thread from the file beside the caller: `startThread('./worker', import.meta.url)`. The file's ending
 * is the caller's own, so sources start sources and built files start built files.
 */
export function startThread(name: string, caller: string, options: WorkerOptions = {}): Worker {
  const fromSource = caller.endsWith('.ts')
  const url = new URL(`${name}${fromSource ? '.ts' : '.js'}`, caller)
  return new Worker(url, fromSource ? { ...options, execArgv: ['--import', sourceLoader(caller)] } : options)
}

/** Sources are only run in development, where tsx is installed. */
function sourceLoader(caller: string): string {
  return pathToFileURL(createRequire(caller).resolve('tsx')).href
}
