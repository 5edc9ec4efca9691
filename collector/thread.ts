/** Starting worker threads, from built files and from TypeScript sources alike. */
import { Worker } from 'node:worker_threads'

/**
 * Starts a thread from the file beside the caller: `startThread('./worker', import.meta.url)`. The file's ending
 * is the caller's own, so sources start sources and built files start built files.
 */
export function startThread(name: string, caller: string, workerData?: object): Worker {
  const fromSource = caller.endsWith('.ts')
  const url = new URL(`${name}${fromSource ? '.ts' : '.js'}`, caller)
  if (!fromSource) return new Worker(url, { workerData })
  // Only in development: a thread does not inherit the loader of its parent, so it registers its own.
  const load = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(url.href)}) })`
  return new Worker(load, { eval: true, execArgv: [], workerData })
}
