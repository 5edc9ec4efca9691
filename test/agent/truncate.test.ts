import {
  appendFileSync,
  closeSync,
  copyFileSync,
  openSync,
  truncateSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { countOf, linesOf, Scene, until } from './scene.ts'

const record = (text: string) =>
  `${JSON.stringify({ log: `${text}\n`, stream: 'stdout', time: new Date().toISOString() })}\n`
const records = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => record(`${from + index} line`)).join('')

test('copytruncate: the unread rest is read from the copy, the new beginning is a new generation', async () => {
  await using scene = await Scene.open()
  const id = scene.engine.run({ name: 'a', image: 'x:1' })
  const path = scene.engine.find(id).logPath
  appendFileSync(path, records(0, 500))
  scene.agent()
  await until(() => scene.hub.lines(id) >= 500)
  await scene.hub.stop()
  appendFileSync(path, records(500, 900))
  await sleep(100)
  copyFileSync(path, `${path}.1`)
  truncateSync(path)
  appendFileSync(path, records(900, 1000))
  await sleep(100)
  await scene.hub.start()
  await until(() => scene.hub.lines(id) >= 1000)
  expect(countOf(linesOf(scene.hub.text(id)), 1000)).toMatchObject({ lost: 0, repeated: 0, disordered: 0 })
  expect(scene.hub.losses).toEqual([])
  expect(scene.hub.generations(id).map(({ ended }) => ended)).toEqual([true, false])
})

test('copytruncate while the agent is away', async () => {
  await using scene = await Scene.open()
  const id = scene.engine.run({ name: 'a', image: 'x:1' })
  const path = scene.engine.find(id).logPath
  appendFileSync(path, records(0, 500))
  await using agent = scene.agent()
  await until(() => scene.hub.lines(id) >= 500)
  await agent.end()
  appendFileSync(path, records(500, 900))
  copyFileSync(path, `${path}.1`)
  truncateSync(path)
  appendFileSync(path, records(900, 1000))
  scene.agent()
  await until(() => scene.hub.lines(id) >= 1000)
  expect(countOf(linesOf(scene.hub.text(id)), 1000)).toMatchObject({ lost: 0, repeated: 0, disordered: 0 })
  expect(scene.hub.losses).toEqual([])
})

test('truncated without a copy: the bytes that were seen and not sent are told as lost', async () => {
  await using scene = await Scene.open()
  const id = scene.engine.run({ name: 'a', image: 'x:1' })
  const path = scene.engine.find(id).logPath
  appendFileSync(path, records(0, 100))
  scene.agent()
  await until(() => scene.hub.lines(id) >= 100)
  await scene.hub.stop()
  // One line sets out on its way; what comes after it is only seen.
  appendFileSync(path, records(100, 101))
  await sleep(150)
  const rest = records(101, 200)
  appendFileSync(path, rest)
  await sleep(150)
  truncateSync(path)
  appendFileSync(path, records(200, 300))
  await sleep(100)
  await scene.hub.start()
  await until(() => linesOf(scene.hub.text(id)).at(-1) === '299 line' && scene.hub.losses.length > 0)
  const lost = scene.hub.losses.reduce((sum, { bytes = 0 }) => sum + bytes, 0)
  expect(scene.hub.losses.every(({ cause }) => cause === 'truncated')).toBe(true)
  expect(lost).toBeGreaterThanOrEqual(Buffer.byteLength(rest))
  expect(countOf(linesOf(scene.hub.text(id)), 300).repeated).toBe(0)
})

test('a quiet, fully read file that is emptied is no loss', async () => {
  await using scene = await Scene.open()
  const id = scene.engine.run({ name: 'a', image: 'x:1' })
  const path = scene.engine.find(id).logPath
  appendFileSync(path, records(0, 100))
  scene.agent()
  await until(() => scene.hub.lines(id) >= 100)
  await sleep(1200)
  truncateSync(path)
  await sleep(100)
  appendFileSync(path, records(100, 200))
  await until(() => scene.hub.lines(id) >= 200)
  expect(scene.hub.losses).toEqual([])
})

test('a writer that goes on at its old place leaves NUL bytes: they are passed on, and no line is lost', async () => {
  await using scene = await Scene.open()
  const id = scene.engine.run({ name: 'a', image: 'x:1' })
  const path = scene.engine.find(id).logPath
  const first = records(0, 2000)
  writeFileSync(path, first)
  scene.agent()
  await until(() => scene.hub.lines(id) >= 2000)
  await sleep(1100)
  truncateSync(path)
  const fd = openSync(path, 'r+')
  const second = records(2000, 2100)
  writeSync(fd, second, first.length)
  closeSync(fd)
  const lines = () => linesOf(scene.hub.text(id).replaceAll('\0', ''))
  await until(() => lines().length >= 2100)
  expect(countOf(lines(), 2100)).toMatchObject({ lost: 0, repeated: 0, disordered: 0 })
  expect(scene.hub.generations(id)[1]?.next).toBe(first.length + second.length)
  expect(scene.hub.losses).toEqual([])
})

test('a hole of NUL bytes in the middle stops nothing', async () => {
  await using scene = await Scene.open()
  const id = scene.engine.run({ name: 'a', image: 'x:1' })
  const path = scene.engine.find(id).logPath
  appendFileSync(path, records(0, 50) + '\0'.repeat(300_000) + records(50, 100))
  scene.agent()
  const lines = () => linesOf(scene.hub.text(id).replaceAll('\0', ''))
  await until(() => lines().length >= 100)
  expect(countOf(lines(), 100)).toMatchObject({ lost: 0, repeated: 0, disordered: 0 })
})
