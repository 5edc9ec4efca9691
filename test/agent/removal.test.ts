import { renameSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { countOf, linesOf, Scene, until } from './scene.ts'

test('docker rm -f while it writes: the held file is read to its last byte, then it is ended', async () => {
  await using scene = await Scene.open()
  scene.agent()
  await until(() => scene.hub.present !== undefined)
  for (let round = 0; round < 5; round++) {
    const id = scene.engine.run({ name: `a${round}`, image: 'x:1' })
    let written = 0
    const stopMs = Date.now() + 100
    while (Date.now() < stopMs) {
      for (let line = 0; line < 200; line++) scene.engine.write(id, 'stdout', `${written++} text\n`)
      await sleep(1)
    }
    scene.engine.remove(id)
    await until(() => scene.hub.generations(id).at(-1)?.ended ?? false)
    expect(countOf(linesOf(scene.hub.text(id)), written)).toMatchObject({
      lost: 0,
      repeated: 0,
      disordered: 0
    })
  }
  expect(scene.hub.losses).toEqual([])
})

test('rotated and removed between two looks: that a file was never seen is told', async () => {
  await using scene = await Scene.open()
  scene.agent()
  await until(() => scene.hub.present !== undefined)
  const id = scene.engine.run({ name: 'a', image: 'x:1', logOptions: { 'max-size': '1m', 'max-file': '3' } })
  scene.engine.write(id, 'stdout', '0 text\n')
  await until(() => scene.hub.text(id) !== '')
  const path = scene.engine.find(id).logPath
  renameSync(path, `${path}.1`)
  writeFileSync(path, '{"log":"1 text\\n","stream":"stdout","time":"2026-11-25T10:00:00.1Z"}\n')
  scene.engine.remove(id)
  await until(() => scene.hub.losses.length > 0)
  await until(() => scene.hub.generations(id).at(-1)?.ended ?? false)
  expect(scene.hub.losses).toMatchObject([
    { cause: 'removed-unread', container: id, after: scene.hub.generations(id).at(-1)?.id }
  ])
})

test('an unfinished last record of a removed container arrives as it is', async () => {
  await using scene = await Scene.open()
  const id = scene.engine.run({ name: 'a', image: 'x:1' })
  scene.agent()
  scene.engine.write(id, 'stdout', '0 text\n1 no newline at the end')
  await until(() => scene.hub.text(id) !== '')
  scene.engine.remove(id)
  await until(() => scene.hub.generations(id).at(-1)?.ended ?? false)
  expect(linesOf(scene.hub.text(id))).toEqual(['0 text', '1 no newline at the end'])
})

test('a container that is gone while the hub is away is told and delivered afterwards', async () => {
  await using scene = await Scene.open()
  scene.agent()
  const before = scene.engine.run({ name: 'before', image: 'x:1' })
  scene.engine.write(before, 'stdout', '0 text\n')
  await until(() => scene.hub.text(before) !== '')
  await scene.hub.stop()
  const id = scene.engine.run({ name: 'short', image: 'x:1' })
  for (let line = 0; line < 100; line++) scene.engine.write(id, 'stdout', `${line} text\n`)
  await sleep(200)
  scene.engine.remove(id)
  await sleep(600)
  await scene.hub.start()
  await until(() => scene.hub.generations(id).at(-1)?.ended ?? false)
  expect(countOf(linesOf(scene.hub.text(id)), 100)).toMatchObject({ lost: 0, repeated: 0, disordered: 0 })
  expect(scene.hub.complaints).toEqual([])
  await until(() => scene.hub.present?.includes(id) === false)
})

test('containers that live for a few milliseconds are read whole', async () => {
  await using scene = await Scene.open()
  scene.agent()
  await until(() => scene.hub.present !== undefined)
  const ids: string[] = []
  for (let number = 0; number < 30; number++) {
    const id = scene.engine.run({ name: `short-${number}`, image: 'x:1' })
    ids.push(id)
    scene.engine.write(id, 'stdout', '0 text\n1 text\n')
    await sleep(20)
    scene.engine.write(id, 'stdout', '2 text\n')
    scene.engine.remove(id)
  }
  await until(() => ids.every((id) => scene.hub.generations(id).at(-1)?.ended))
  for (const id of ids) expect(linesOf(scene.hub.text(id))).toEqual(['0 text', '1 text', '2 text'])
  expect(scene.hub.complaints).toEqual([])
})
