import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { countOf, ended, linesOf, Scene, until } from './scene.ts'

const LINES = 60_000

for (const { name, maxFile, compress } of [
  { name: 'max-file=2', maxFile: 2, compress: false },
  { name: 'max-file=3', maxFile: 3, compress: false },
  { name: 'max-file=3, compressed', maxFile: 3, compress: true },
  { name: 'max-file=1, where each file is deleted at once', maxFile: 1, compress: false }
]) {
  test(`every line of a writer at full speed arrives once and in order: max-size=1m, ${name}`, async () => {
    await using scene = await Scene.open()
    const logOptions = { 'max-size': '1m', 'max-file': String(maxFile), compress: String(compress) }
    const id = scene.engine.run({ name: 'busy', image: 'busy:1', logOptions })
    const path = scene.engine.find(id).logPath
    scene.agent({ DRIFTLOG_POLL_MS: '100' })
    await until(() => scene.hub.instances.has(id))
    await ended(scene.writer({ path, maxSize: '1m', maxFile, compress, lines: LINES, linesPerSecond: 0 }))
    await until(() => scene.hub.lastText(id).startsWith(`${LINES - 1} `))
    const { lost, repeated, disordered } = countOf(linesOf(scene.hub.text(id)), LINES)
    const { losses, complaints } = scene.hub
    // A file that is deleted within milliseconds may be missed on a very busy machine: then it is told.
    expect({ repeated, disordered, complaints, toldOfLoss: losses.length > 0 }).toEqual({
      repeated: 0,
      disordered: 0,
      complaints: [],
      toldOfLoss: lost > 0
    })
    if (maxFile > 2) expect(lost).toBe(0)
    const generations = scene.hub.generations(id)
    expect(generations.length).toBeGreaterThan(4)
    expect(generations.slice(0, -1).every(({ ended, committed, next }) => ended && committed === next)).toBe(
      true
    )
  })
}

test('files of a young container that were deleted before anybody looked are told, those of an old one are not', async () => {
  await using scene = await Scene.open()
  const logOptions = { 'max-size': '16k', 'max-file': '1' }
  const text = (from: number) =>
    Array.from({ length: 500 }, (_, i) => `${from + i} line of a container\n`).join('')
  const old = scene.engine.run({ name: 'old', image: 'busy:1', logOptions })
  scene.engine.write(old, 'stdout', text(0))
  await sleep(50)
  const first = scene.agent()
  await until(() => scene.hub.instances.has(old))
  await first.end()
  await sleep(50)
  const young = scene.engine.run({ name: 'young', image: 'busy:1', logOptions })
  const whole = scene.engine.run({ name: 'whole', image: 'busy:1' })
  await sleep(50)
  scene.engine.write(young, 'stdout', text(0))
  scene.engine.write(whole, 'stdout', text(0))
  scene.agent()
  await until(() => scene.hub.text(young).includes('499 line') && scene.hub.text(whole).includes('499 line'))
  expect(scene.hub.losses.map(({ container, cause }) => ({ container, cause }))).toEqual([
    { container: young, cause: 'rotated-unread' }
  ])
})
