import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LogStream } from '../../../agent/files/log-stream.ts'
import { Spools } from '../../../agent/spool/spools.ts'
import { facts } from '../../collector/hub.ts'

const BOUND = 1024 ** 2
const CHUNK = 16 * 1024
/** What every instance may have beyond the bound. */
const ALWAYS = 64 * 1024

test('the bound holds while the stream has no time to look at what was appended', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-spools-'))
  using spools = new Spools({ folder, maxBytes: BOUND, paused: () => undefined })
  try {
    const follow = (path: string) =>
      new LogStream({ container: 'a', stream: 'docker', path, sinceMs: 0, lost: () => undefined })
    spools.open(facts('a'), follow)
    const bytes = Buffer.alloc(CHUNK, 'x')
    for (let appended = 0; appended < 4 * BOUND; appended += CHUNK) if (!spools.append('a', bytes, '')) break
    expect(spools.bytes).toBeGreaterThanOrEqual(BOUND)
    expect(spools.bytes).toBeLessThanOrEqual(BOUND + ALWAYS + CHUNK)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
