import { appendFileSync, mkdirSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { accountOf, lines, linesIn, PERFECT, streamsOf, withFiles } from './files-scene.ts'
import { ended, killed, Scene, until } from './scene.ts'

const BANNER = 'APP 1.0 begins\n'

for (const rotate of ['numbers', 'dates', 'copytruncate'] as const) {
  test(`an agent that is killed again and again while files rotate by ${rotate}: every line once`, async () => {
    await using scene = await Scene.open({ gatherMs: 5 })
    const { id, at } = withFiles(scene, '/app/logs/*.log')
    const path = at('/app/logs/a.log')
    const count = 40_000
    // copytruncate loses by itself what is written between copying and truncating: this writer does both, and waits.
    const options = { path, lines: count, linesPerSecond: 10_000, rotate, maxBytes: 200_000, banner: BANNER }
    const writing = ended(scene.textWriter(options))
    for (let round = 0; round < 4; round++) {
      const agent = scene.agentProcess()
      await sleep(500 + Math.random() * 700)
      await killed(agent)
    }
    await writing
    scene.agent()
    await until(() => linesIn(scene.hub, id).length >= count)
    const { lost, repeated, altered } = accountOf(linesIn(scene.hub, id), count)
    expect({ lost, repeated, altered }).toEqual({ lost: 0, repeated: 0, altered: 0 })
    expect(scene.hub.losses).toEqual([])
    expect(scene.hub.complaints).toEqual([])
    const files = readdirSync(at('/app/logs')).length
    expect(files).toBeGreaterThan(5)
    for (const stream of streamsOf(scene.hub, id)) {
      const numbers = scene.hub
        .text(id, stream)
        .split('\n')
        .filter((line) => /^\d/.test(line))
      expect(accountOf(numbers, count).disordered, stream).toBe(0)
    }
  }, 60_000)
}

test('a writer at full speed that rotates by numbers, and deletes all but a few: held files give every line', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/a.log')
  scene.agent()
  await until(() => scene.hub.instances.has(id))
  const path = at('/app/a.log')
  const writing = ended(
    scene.textWriter({ path, lines: 40_000, linesPerSecond: 0, rotate: 'numbers', maxBytes: 500_000 })
  )
  let over = false
  const cleaning = (async () => {
    while (!over) {
      await sleep(150)
      for (const name of safely(() => readdirSync(at('/app'))))
        if (/\.([3-9]|\d\d)$/.test(name)) rmSync(at(`/app/${name}`), { force: true })
    }
  })()
  await writing
  over = true
  await cleaning
  await until(() => linesIn(scene.hub, id).length >= 40_000)
  expect(accountOf(linesIn(scene.hub, id), 40_000)).toMatchObject(PERFECT)
  expect(scene.hub.losses).toEqual([])
})

test('deleted files are held for a hub that is away, within the bound; beyond it the oldest is told as lost', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/a.log')
  const path = at('/app/a.log')
  scene.agent({ DRIFTLOG_HOLD_MAX_BYTES: '1000000' })
  mkdirSync(at('/app'), { recursive: true })
  appendFileSync(path, lines(0, 100))
  await until(() => linesIn(scene.hub, id).length >= 100)
  await scene.hub.stop()
  let from = 100
  for (let round = 0; round < 10; round++, from += 6000) {
    appendFileSync(path, lines(from, from + 6000))
    await until(() => isOpened(path))
    rmSync(path)
  }
  appendFileSync(path, lines(from, from + 10))
  await until(() => isOpened(path))
  await scene.hub.start()
  await until(
    () =>
      linesIn(scene.hub, id)
        .at(-1)
        ?.startsWith(`${from + 9} `) ?? false
  )
  const { lost, repeated, disordered, altered } = accountOf(linesIn(scene.hub, id), from + 10)
  expect({ repeated, disordered, altered }).toEqual({ repeated: 0, disordered: 0, altered: 0 })
  expect(scene.hub.losses.every(({ cause }) => cause === 'hold-exceeded')).toBe(true)
  const told = scene.hub.losses.reduce((sum, { bytes = 0 }) => sum + bytes, 0)
  const arrived = new Set(linesIn(scene.hub, id).map((line) => Number.parseInt(line, 10)))
  const missing = Array.from({ length: from + 10 }, (_, number) => number).filter(
    (number) => !arrived.has(number)
  )
  expect(lost).toBe(missing.length)
  expect(lost).toBeGreaterThan(0)
  expect(told).toBe(missing.reduce((sum, number) => sum + Buffer.byteLength(lines(number, number + 1)), 0))
})

/** By the agent, which runs in this process; it is then sure to be read, or told as lost. */
function isOpened(path: string): boolean {
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path
    } catch {
      return false
    }
  })
}

function safely<T>(read: () => T[]): T[] {
  try {
    return read()
  } catch {
    return []
  }
}
