/**
 * The worker threads, built once for a run of the unit tests. From sources a thread takes a second of a core to
 * start, and a run starts a few hundred: tests would do little else.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Folder of the built threads. */
    threads: string
  }
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const THREADS = [
  'collector/parse/worker.ts',
  'collector/store/embedded/query-thread.ts',
  'collector/store/embedded/seal-thread.ts'
]

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Within the tree, where a thread finds the package that is not built in.
  const cache = join(ROOT, 'node_modules/.cache')
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'driftlog-threads-'))
  await buildThreads(folder)
  project.provide('threads', folder)
  project.onTestsRerun(() => buildThreads(folder))
  return () => rm(folder, { recursive: true, force: true })
}

async function buildThreads(folder: string): Promise<void> {
  await build({
    configFile: false,
    root: ROOT,
    logLevel: 'warn',
    ssr: { noExternal: true, external: ['@toondepauw/node-zstd'] },
    build: {
      ssr: true,
      target: 'node20',
      outDir: folder,
      emptyOutDir: true,
      minify: false,
      rolldownOptions: {
        input: THREADS.map((path) => join(ROOT, path)),
        output: { entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' }
      }
    }
  })
}
