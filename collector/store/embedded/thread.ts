/** Starts worker threads, from TypeScript sources under tsx or Vitest, and from the built files alike. */
import { Worker } from 'node:worker_threads'

const isSource = import.meta.url.endsWith('.ts')

/** `name`: the file beside this one, without its ending. */
export function startThread(name: string, workerData: unknown): Worker {
  const url = new URL(`./${name}${isSource ? '.ts' : '.js'}`, import.meta.url)
  if (!isSource) return new Worker(url, { workerData })
  const load = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(url.href)}) })`
  return new Worker(load, { eval: true, workerData, execArgv: [] })
}
