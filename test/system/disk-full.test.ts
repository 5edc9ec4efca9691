import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { freePort } from '../ports.ts'
import { expectEveryLine } from './everything.ts'
import { Hub, startAgent } from './programs.ts'
import { startWriters, totalOf } from './writers.ts'

const mountable = canMount()
if (!mountable) console.log('!!!! SKIPPED: the disk-full test. A small tmpfs can only be mounted as root.')

test.runIf(mountable)(
  "the hub's disk is full: agents hold their place, and everything arrives when there is room",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'driftlog-full-'))
    const data = join(folder, 'hub')
    await mkdir(data)
    // The state store reserves a map of its own; the journal gets what is left of it.
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', data])
    try {
      await using writers = await startWriters(folder, { name: 'full', containers: 4 })
      await using hub = await new Hub({ dataDir: data, port: await freePort() }).start()
      await using agent = startAgent({
        hubUrl: hub.url,
        socket: writers.socket,
        stateDir: join(folder, 'agent'),
        name: 'full'
      })
      writers.begin(20_000)
      let full = false
      for (let wait = 0; wait < 120 && !full; wait++) {
        await sleep(250)
        full = !(await hub.get<{ store: { writable: boolean } }>('/api/status')).store.writable
      }
      expect(full, 'the hub says that it cannot write').toBe(true)
      await sleep(2000)
      writers.pause()
      expect(totalOf(writers.written)).toBeGreaterThan(await hub.total({ q: 'counted' }))
      execFileSync('mount', ['-o', 'remount,size=1g', data])
      await expectEveryLine(hub, writers.written)
      expect(agent.exited()).toBe(false)
    } finally {
      execFileSync('umount', ['-l', data])
      await rm(folder, { recursive: true, force: true })
    }
  }
)

function canMount(): boolean {
  if (process.getuid?.() !== 0) return false
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', '/mnt'], {
      stdio: 'ignore'
    })
    return true
  } catch {
    return false
  }
}
