import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Fault } from './hub.ts'
import { countOf, ended, linesOf, Scene, until } from './scene.ts'

const ONCE = { lost: 0, repeated: 0, disordered: 0 }

test('lost requests and answers, refusals and closed connections: every line once', async () => {
  await using scene = await Scene.open({ gatherMs: 5 })
  const faults: Fault[] = ['none', 'lose-answer', 'busy', 'none', 'lose-request', 'lose-answer', 'none']
  let request = 0
  scene.hub.fault = () => faults[request++ % faults.length] ?? 'none'
  const names = ['a', 'b', 'c', 'd', 'e']
  const ids = names.map((name) => scene.engine.run({ name, image: 'x:1' }))
  scene.agent()
  for (let line = 0; line < 2000; line++) {
    for (const id of ids) scene.engine.write(id, 'stdout', `${line} of ${id}\n`)
    if (line % 50 === 0) await sleep(5)
  }
  await until(() => ids.every((id) => scene.hub.lines(id) >= 2000))
  for (const id of ids) expect(countOf(linesOf(scene.hub.text(id)), 2000)).toMatchObject(ONCE)
  expect(scene.hub.complaints).toEqual([])
  expect(scene.hub.losses).toEqual([])
})

test('a hub that is started again and again, forgetting what was not committed', async () => {
  await using scene = await Scene.open({ gatherMs: 5 })
  const id = scene.engine.run({
    name: 'a',
    image: 'x:1',
    logOptions: { 'max-size': '100k', 'max-file': '3' }
  })
  scene.agent()
  for (let round = 0; round < 5; round++) {
    for (let line = round * 800; line < (round + 1) * 800; line++) {
      scene.engine.write(id, 'stdout', `${line} some text that makes the line a bit longer\n`)
      if (line % 100 === 0) await sleep(5)
    }
    await scene.hub.stop()
    await sleep(30)
    await scene.hub.start()
    await until(() => scene.hub.hellos.length > round)
  }
  await until(() => scene.hub.lines(id) >= 4000)
  expect(countOf(linesOf(scene.hub.text(id)), 4000)).toMatchObject(ONCE)
  expect(scene.hub.losses).toEqual([])
})

test('a hub that is away while files rotate: they are held until they are sent', async () => {
  await using scene = await Scene.open()
  const logOptions = { 'max-size': '200k', 'max-file': '5' }
  const id = scene.engine.run({ name: 'a', image: 'x:1', logOptions })
  scene.engine.write(id, 'stdout', '0 first\n')
  const agent = scene.agent()
  await until(() => scene.hub.text(id) !== '')
  await scene.hub.stop()
  const path = scene.engine.find(id).logPath
  const lines = 30_000
  await ended(
    scene.writer({ path, maxSize: '200k', maxFile: 5, lines: lines - 1, linesPerSecond: 20_000, from: 1 })
  )
  const metrics = async () => (await fetch(`http://127.0.0.1:${await agent.port}/metrics`)).text()
  const held = Number(/held_bytes (\d+)/.exec(await metrics())?.[1])
  expect(held).toBeGreaterThan(1_000_000)
  await scene.hub.start()
  await until(() => scene.hub.lines(id) >= lines)
  expect(countOf(linesOf(scene.hub.text(id)), lines)).toMatchObject(ONCE)
  expect(scene.hub.losses).toEqual([])
  await until(async () => /held_bytes 0$/m.test(await metrics()))
})

test('what waits beyond the bound goes oldest first, and is told with its bytes', async () => {
  await using scene = await Scene.open()
  const id = scene.engine.run({
    name: 'a',
    image: 'x:1',
    logOptions: { 'max-size': '200k', 'max-file': '2' }
  })
  scene.engine.write(id, 'stdout', '0 first\n')
  scene.agent({ DRIFTLOG_HOLD_MAX_BYTES: '1000000' })
  await until(() => scene.hub.text(id) !== '')
  await scene.hub.stop()
  const path = scene.engine.find(id).logPath
  const lines = 30_000
  await ended(
    scene.writer({ path, maxSize: '200k', maxFile: 5, lines: lines - 1, linesPerSecond: 20_000, from: 1 })
  )
  await scene.hub.start()
  await until(() => scene.hub.lastText(id).startsWith(`${lines - 1} `))
  const got = linesOf(scene.hub.text(id))
  const { lost, repeated, disordered } = countOf(got, lines)
  expect({ repeated, disordered }).toEqual({ repeated: 0, disordered: 0 })
  expect(lost).toBeGreaterThan(0)
  await until(() => scene.hub.losses.length > 0)
  expect(new Set(scene.hub.losses.map(({ cause }) => cause))).toEqual(new Set(['hold-exceeded']))
  // All that the writer wrote is either here or counted: a line has 143 bytes and its digits three times.
  const bytes = scene.hub.losses.reduce((sum, loss) => sum + (loss.bytes ?? 0), 0)
  const average = Buffer.byteLength(scene.hub.text(id)) / got.length
  expect(Math.abs(bytes / average - lost)).toBeLessThan(lost / 20)
  expect(scene.hub.complaints).toEqual([])
})

test('a thousand files that were rotated while the hub was away fit into deliveries of the size it takes', async () => {
  await using scene = await Scene.open({ maxDeliveryBytes: 256 * 1024 })
  const logOptions = { 'max-size': '2k', 'max-file': '2' }
  const id = scene.engine.run({ name: 'a', image: 'x:1', logOptions })
  scene.engine.write(id, 'stdout', '0 first\n')
  scene.agent({ DRIFTLOG_HOLD_MAX_BYTES: '1000000' })
  await until(() => scene.hub.text(id) !== '')
  await scene.hub.stop()
  const lines = 10_000
  for (let line = 1; line < lines; line++) {
    scene.engine.write(id, 'stdout', `${line} some text that makes the line as long as lines are\n`)
    // A file holds about fifteen lines; each has to be seen before it is deleted.
    if (line % 10 === 0) await sleep(5)
  }
  await scene.hub.start()
  const isLast = () => scene.hub.lastText(id).startsWith(`${lines - 1} `)
  await until(isLast)
  const { repeated, disordered } = countOf(linesOf(scene.hub.text(id)), lines)
  expect({ repeated, disordered }).toEqual({ repeated: 0, disordered: 0 })
  expect(scene.hub.generations(id).length).toBeGreaterThan(300)
  expect(scene.hub.complaints).toEqual([])
})
