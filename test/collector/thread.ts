/** Stands in unit tests for collector/thread.ts, with threads that were built before the first test. */
import { basename, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { inject } from 'vitest'

export function startThread(name: string, _caller: string, workerData?: object): Worker {
  return new Worker(join(inject('threads'), `${basename(name)}.mjs`), { execArgv: [], workerData })
}
