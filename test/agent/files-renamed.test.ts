/** Files that are renamed and packed, before an agent comes and while it reads. */
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { accountOf, lines, linesIn, PERFECT, streamsOf, utimes, withFiles, write } from './files-scene.ts'
import { Scene, until } from './scene.ts'

test('renamed: the old file is read on while it is written to, the new one beside it', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/*.log')
  write(at('/app/a.log'), '')
  const old = openSync(at('/app/a.log'), 'a')
  writeSync(old, lines(0, 10))
  scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 10)
  renameSync(at('/app/a.log'), at('/app/a.log.1'))
  writeSync(old, lines(10, 20))
  write(at('/app/a.log'), lines(20, 30))
  await until(() => linesIn(scene.hub, id).length >= 30)
  writeSync(old, lines(30, 40))
  write(at('/app/a.log'), lines(40, 50))
  await until(() => linesIn(scene.hub, id).length >= 50)
  closeSync(old)
  const { lost, repeated, altered } = accountOf(linesIn(scene.hub, id), 50)
  expect({ lost, repeated, altered }).toEqual({ lost: 0, repeated: 0, altered: 0 })
  expect(streamsOf(scene.hub, id)).toEqual(['file:/app/a.log'])
  expect(scene.hub.generations(id, 'file:/app/a.log').length).toBeLessThanOrEqual(3)
  expect(scene.hub.losses).toEqual([])
})

test('renamed to a name that is meant, too: it stays the log that it was, also for an agent that starts anew', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/*')
  write(at('/app/a.log'), lines(0, 10))
  const agent = scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 10)
  renameSync(at('/app/a.log'), at('/app/b.log'))
  write(at('/app/b.log'), lines(10, 20))
  await until(() => linesIn(scene.hub, id).length >= 20)
  await agent.end()
  renameSync(at('/app/b.log'), at('/app/c.log'))
  write(at('/app/c.log'), lines(20, 30))
  write(at('/app/a.log'), lines(30, 40))
  scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 40)
  expect(accountOf(linesIn(scene.hub, id), 40)).toMatchObject(PERFECT)
  expect(streamsOf(scene.hub, id)).toEqual(['file:/app/a.log'])
  expect(scene.hub.losses).toEqual([])
})

test('files that were rotated and packed before the agent came are read, oldest first, and once', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/a.log')
  const rotated = (name: string, text: string | Buffer, ageMs: number) => {
    mkdirSync(at('/app'), { recursive: true })
    writeFileSync(at(name), text)
    const past = (Date.now() - ageMs) / 1000
    utimes(at(name), past)
  }
  rotated('/app/a.log.3.gz', gzipSync(lines(0, 500)), 3_000_000)
  rotated('/app/a.log.2', lines(500, 1000), 2_000_000)
  rotated('/app/a.log-20261125', lines(1000, 1500), 1_000_000)
  write(at('/app/a.log'), lines(1500, 2000))
  // A packed file that was changed just now may be unfinished, and is looked at later.
  await sleep(1100)
  for (let run = 0; run < 2; run++) {
    await using agent = scene.agent()
    await until(() => linesIn(scene.hub, id).length >= 2000)
    await sleep(300)
    await agent.end()
  }
  expect(accountOf(linesIn(scene.hub, id), 2000)).toMatchObject(PERFECT)
  // Packed meanwhile, and another one.
  writeFileSync(at('/app/a.log.2.gz'), gzipSync(readFileSync(at('/app/a.log.2'))))
  rmSync(at('/app/a.log.2'))
  scene.agent()
  await sleep(1500)
  write(at('/app/a.log'), lines(2000, 2010))
  await until(() => linesIn(scene.hub, id).length >= 2010)
  expect(accountOf(linesIn(scene.hub, id), 2010)).toMatchObject(PERFECT)
  expect(scene.hub.losses).toEqual([])
})

test('a rotated file that is packed while the agent runs is not read again', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/*')
  write(at('/app/a.log'), lines(0, 300))
  scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 300)
  renameSync(at('/app/a.log'), at('/app/a.log.1'))
  write(at('/app/a.log'), lines(300, 310))
  const packed = gzipSync(readFileSync(at('/app/a.log.1')))
  writeFileSync(at('/app/a.log.1.gz'), packed.subarray(0, 100))
  await sleep(100)
  appendFileSync(at('/app/a.log.1.gz'), packed.subarray(100))
  rmSync(at('/app/a.log.1'))
  await until(() => linesIn(scene.hub, id).length >= 310)
  await sleep(1500)
  write(at('/app/b.log'), lines(310, 320))
  await until(() => linesIn(scene.hub, id).length >= 320)
  expect(accountOf(linesIn(scene.hub, id), 320)).toMatchObject(PERFECT)
  expect(scene.hub.losses).toEqual([])
})

test('a file that was written, rotated and packed between two looks is read, however soon its container is gone', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/*.log')
  const banner = 'APP 1.0 begins\n'
  write(at('/app/a.log'), banner + lines(0, 100))
  scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 100)
  renameSync(at('/app/a.log'), at('/app/a.log.1'))
  writeFileSync(at('/app/a.log.2.gz'), gzipSync(banner + lines(100, 200)))
  writeFileSync(at('/app/a.log.3'), banner + lines(200, 300))
  write(at('/app/a.log'), banner + lines(300, 400))
  await sleep(200)
  scene.engine.remove(id)
  await until(() => linesIn(scene.hub, id).length >= 400)
  await sleep(300)
  const { lost, repeated, altered } = accountOf(linesIn(scene.hub, id), 400)
  expect({ lost, repeated, altered }).toEqual({ lost: 0, repeated: 0, altered: 0 })
  expect(scene.hub.losses).toEqual([])
})

test('files that begin with the same 8 KiB, and that have the same name, are told apart', async () => {
  await using scene = await Scene.open()
  const banner = 'APP 1.0 begins\n'.repeat(550)
  const { id, at } = withFiles(scene, '/app/*.log')
  write(at('/app/a.log'), banner + lines(0, 100))
  write(at('/app/b.log'), banner + lines(100, 200))
  const agent = scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 200)
  renameSync(at('/app/a.log'), at('/app/a.log.1'))
  write(at('/app/a.log'), banner + lines(200, 300))
  await until(() => linesIn(scene.hub, id).length >= 300)
  await agent.end()
  renameSync(at('/app/a.log'), at('/app/a.log.2'))
  write(at('/app/a.log'), banner + lines(300, 400))
  scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 400)
  await sleep(200)
  const { lost, repeated, altered } = accountOf(linesIn(scene.hub, id), 400)
  expect({ lost, repeated, altered }).toEqual({ lost: 0, repeated: 0, altered: 0 })
  expect(scene.hub.losses).toEqual([])
})
