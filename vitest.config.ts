import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/longest-first.ts'

/** Unit tests share one module graph per worker (nothing keeps module state); system tests get processes of their own. */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{agent,collector,dashboards,server,web,docs}/**/*.test.{ts,tsx}'],
          // From sources each of a few hundred worker threads would take a second of a core to start.
          globalSetup: 'test/collector/threads.ts',
          alias: [
            {
              find: /^.*\/thread\.ts$/,
              replacement: fileURLToPath(new URL('test/collector/thread.ts', import.meta.url))
            }
          ],
          pool: 'threads',
          isolate: false,
          // Much of a test's time is waiting for sockets and files: two workers more than cores on small machines.
          maxWorkers: 4,
          testTimeout: 20_000
        }
      },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          // Of what a page or a hub comes to in the end, the machine decides how soon.
          expect: { poll: { timeout: 15_000 } }
        }
      },
      {
        test: {
          name: 'real',
          include: ['test/real/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 300_000
        }
      }
    ]
  }
})
