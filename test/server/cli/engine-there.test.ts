import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { engineThere } from '../../../server/cli/engine-there.ts'
import { startPretendedEngine } from '../../../server/demo/engine.ts'

const ON_THE_HOST = { uid: 1000, inContainer: false }

test('an engine that answers is there; where none does, the likely cause comes first', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'driftlog-there-'))
  try {
    const socketPath = join(dir, 'docker.sock')
    expect(await engineThere(socketPath, undefined, ON_THE_HOST)).toMatchObject({
      kind: 'absent',
      reason: expect.stringContaining(`${socketPath}: there is no such file`),
      hints: [
        expect.stringContaining('not installed'),
        expect.anything(),
        expect.anything(),
        expect.anything()
      ]
    })
    expect(await engineThere(socketPath, undefined, { uid: 0, inContainer: true })).toMatchObject({
      hints: [
        expect.stringContaining(`-v ${socketPath}:${socketPath}:ro`),
        expect.stringContaining('not installed'),
        expect.anything()
      ]
    })
    const engine = await startPretendedEngine({ socketPath, dir, id: 'E', name: 'host-1' })
    expect(await engineThere(socketPath)).toEqual({ kind: 'there' })
    expect(await engineThere(socketPath, join(dir, 'elsewhere'))).toEqual({
      kind: 'there',
      unreadable: join(dir, 'elsewhere')
    })
    await engine.close()
    await writeFile(socketPath, '')
    expect(await engineThere(socketPath, undefined, ON_THE_HOST)).toMatchObject({
      kind: 'absent',
      hints: [expect.stringContaining('not running'), expect.anything(), expect.anything(), expect.anything()]
    })
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

test.skipIf(process.getuid?.() === 0)('a socket that this user may not use', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'driftlog-there-'))
  const socketPath = join(dir, 'docker.sock')
  const server = createServer().listen(socketPath)
  try {
    await chmod(socketPath, 0)
    expect(await engineThere(socketPath, undefined, ON_THE_HOST)).toMatchObject({
      kind: 'absent',
      hints: [
        expect.stringContaining('no permission'),
        expect.anything(),
        expect.anything(),
        expect.anything()
      ]
    })
  } finally {
    server.close()
    await rm(dir, { recursive: true, force: true })
  }
})
