/** Files beside a log that look like another one, or like none yet. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { lines, linesIn, withFiles } from './files-scene.ts'
import { Scene, until } from './scene.ts'

const STREAM = 'file:/app/a.log'

test('a packed file that was empty when it was first seen is never taken for text', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/*.log')
  const live = at('/app/a.log')
  mkdirSync(at('/app'), { recursive: true })
  writeFileSync(live, lines(0, 10))
  scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 10)
  renameSync(live, `${live}.1`)
  writeFileSync(live, lines(10, 20))
  await until(() => linesIn(scene.hub, id).length >= 20)
  writeFileSync(`${live}.3.gz`, '')
  await sleep(200)
  writeFileSync(`${live}.3.gz`, gzipSync(lines(0, 10)).subarray(0, 60))
  scene.engine.remove(id)
  await until(() => scene.hub.generations(id, STREAM).every((one) => one.ended))
  await sleep(600)
  expect(scene.hub.text(id, STREAM)).toBe(lines(0, 20))
  expect(scene.hub.losses).toEqual([])
})

for (const [kind, end, pack] of [
  ['packed', '.gz', gzipSync],
  ['short', '', (text: string) => text]
] as const) {
  test(`${kind} files that begin alike and are of one length are not taken for copies of each other`, async () => {
    await using scene = await Scene.open()
    const { id, at } = withFiles(scene, '/app/*.log')
    mkdirSync(at('/app'), { recursive: true })
    const texts = ['a', 'b'].map((letter) => `BANNER\n${letter.repeat(kind === 'short' ? 9 : 2000)}\n`)
    for (const [number, text] of texts.entries())
      writeFileSync(at(`/app/a.log.${number + 1}${end}`), pack(text))
    writeFileSync(at('/app/a.log'), 'BANNER\nlive\n')
    scene.agent()
    await until(() => scene.hub.text(id, STREAM).includes('live'))
    await sleep(1300)
    scene.engine.remove(id)
    await until(() => scene.hub.instances.get(id)?.state === 'removed')
    await until(() => scene.hub.generations(id, STREAM).every((one) => one.ended))
    for (const text of texts) expect(scene.hub.text(id, STREAM)).toContain(text)
    expect(scene.hub.losses).toEqual([])
  })
}
