import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openAccess } from '../../collector/access.ts'
import { MemoryStateStore } from '../../collector/store/memory-state.ts'
import { firstTokens } from '../../server/tokens.ts'

test('first tokens are files for their owner alone, and stay the same', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-tokens-'))
  try {
    const access = await openAccess(new MemoryStateStore())
    const places = { folder: join(folder, 'tokens'), joinFile: join(folder, 'shared-join') }
    const first = await firstTokens(access, places)
    expect((await stat(join(folder, 'tokens', 'admin'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder, 'tokens'))).mode & 0o777).toBe(0o700)
    expect(await readFile(join(folder, 'tokens', 'read'), 'utf8')).toBe(`${first.read}\n`)
    expect(await firstTokens(access, places)).toEqual(first)
    expect(await readFile(places.joinFile, 'utf8')).toBe(`${first.join}\n`)
    expect((await stat(places.joinFile)).mode & 0o777).toBe(0o600)
    const other = await firstTokens(await openAccess(new MemoryStateStore()), places)
    expect(other.admin).not.toBe(first.admin)
    expect(await readFile(places.joinFile, 'utf8')).toBe(`${other.join}\n`)
    expect(access.check(first.join)).toMatchObject({ scopes: ['agent'], name: 'first join' })
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a join token that can not be shared stops the start with the way out', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-tokens-'))
  try {
    const access = await openAccess(new MemoryStateStore())
    const places = { folder: join(folder, 'tokens'), joinFile: join(folder, 'absent', 'join') }
    await expect(firstTokens(access, places)).rejects.toMatchObject({
      code: 'DRIFTLOG_CONFIG',
      message: expect.stringContaining('DRIFTLOG_JOIN_TOKEN_FILE')
    })
  } finally {
    await rm(folder, { recursive: true })
  }
})
