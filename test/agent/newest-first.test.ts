/** After an outage the newest lines go first, and what was skipped comes behind them: every line once, in order. */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { cutIn } from '../../agent/files/cut.ts'
import { countOf, ended, killed, linesOf, Scene, until, type WriterOptions } from './scene.ts'

const ONCE = { lost: 0, repeated: 0, disordered: 0 }
/** About 200 bytes each. */
const LINES = 40_000

test('the newest lines are there before what was skipped is', async () => {
  await using scene = await Scene.open({ maxDeliveryBytes: 512 * 1024 })
  const ids = ['a', 'b'].map((name) => scene.engine.run({ name, image: 'x:1' }))
  for (const id of ids) scene.engine.write(id, 'stdout', '0 first\n')
  scene.agent()
  await until(() => ids.every((id) => scene.hub.text(id) !== ''))
  await scene.hub.stop()
  const writers = ids.map((id) =>
    scene.writer({ path: scene.engine.find(id).logPath, lines: LINES - 1, linesPerSecond: 0, from: 1 })
  )
  await Promise.all(writers.map(ended))
  const before = scene.hub.arrivals.length
  await scene.hub.start()
  await until(() => ids.every((id) => scene.hub.lines(id) >= LINES))
  for (const id of ids) {
    expect(countOf(linesOf(scene.hub.text(id)), LINES)).toMatchObject(ONCE)
    const [whole, ahead] = scene.hub.generations(id)
    expect(ahead?.id).toMatch(new RegExp(`^${whole?.id}@\\d+$`))
    // Most of it was skipped, and the end of that came last.
    expect(whole?.next).toBeGreaterThan(4_000_000)
    const came = scene.hub.arrivals
      .slice(before)
      .filter(({ container, bytes }) => container === id && bytes > 0)
    expect(came[0]?.generation).toBe(ahead?.id)
    expect(came.at(-1)?.generation).toBe(whole?.id)
    await until(() => whole?.ended === true)
  }
  expect(scene.hub.complaints).toEqual([])
  expect(scene.hub.losses).toEqual([])
})

const ROTATIONS: [string, Pick<WriterOptions, 'maxSize' | 'maxFile' | 'compress'>][] = [
  ['no rotation', {}],
  ['rotation', { maxSize: '1m', maxFile: 4 }],
  ['rotation and compression', { maxSize: '1m', maxFile: 30, compress: true }]
]

test.each(ROTATIONS)(
  'an agent that is killed again and again while it drains, %s: every line once',
  async (_, rotation) => {
    await using scene = await Scene.open({ maxDeliveryBytes: 300 * 1024, gatherMs: 30 })
    const logOptions = {
      ...(rotation.maxSize && { 'max-size': rotation.maxSize, 'max-file': String(rotation.maxFile) }),
      ...(rotation.compress && { compress: 'true' })
    }
    const id = scene.engine.run({ name: 'a', image: 'x:1', logOptions })
    const path = scene.engine.find(id).logPath
    const round = LINES / 4
    for (let written = 0; written < LINES; written += round) {
      // What an agent that is dead does not hold, Docker may delete: less than that is written meanwhile.
      const agent = scene.agentProcess()
      await until(() => scene.hub.hellos.length > 0)
      scene.hub.fault = () => 'busy'
      await ended(scene.writer({ path, ...rotation, lines: round, linesPerSecond: 0, from: written }))
      scene.hub.fault = () => 'none'
      const { deliveries } = scene.hub
      await until(() => scene.hub.deliveries > deliveries + 2)
      if (rotation.maxFile === 4) await until(() => scene.hub.lines(id) >= written + round)
      await killed(agent)
    }
    scene.agent()
    await until(() => scene.hub.lines(id) >= LINES)
    expect(countOf(linesOf(scene.hub.text(id)), LINES)).toMatchObject(ONCE)
    expect(scene.hub.complaints).toEqual([])
    expect(scene.hub.losses).toEqual([])
  }
)

test('files of which the hub never heard are told before the newest one, which is delivered first', async () => {
  await using scene = await Scene.open({ maxDeliveryBytes: 512 * 1024 })
  const logOptions = { 'max-size': '1m', 'max-file': '20' }
  const id = scene.engine.run({ name: 'a', image: 'x:1', logOptions })
  const path = scene.engine.find(id).logPath
  await ended(scene.writer({ path, maxSize: '1m', maxFile: 20, lines: LINES, linesPerSecond: 0 }))
  scene.agent()
  await until(() => scene.hub.lines(id) >= LINES)
  expect(countOf(linesOf(scene.hub.text(id)), LINES)).toMatchObject(ONCE)
  const [first] = scene.hub.arrivals.filter(({ bytes }) => bytes > 0)
  expect(first?.generation).toBe(scene.hub.generations(id).at(-1)?.id)
})

test('a file that turns up late among older ones keeps its place', async () => {
  await using scene = await Scene.open({ maxDeliveryBytes: 256 * 1024, gatherMs: 5 })
  const logOptions = { 'max-size': '4m', 'max-file': '20' }
  const id = scene.engine.run({ name: 'a', image: 'x:1', logOptions })
  const path = scene.engine.find(id).logPath
  await ended(scene.writer({ path, maxSize: '4m', maxFile: 20, lines: 4 * LINES, linesPerSecond: 0 }))
  // As a rotation that is under way may look to whoever walks through the folder.
  renameSync(`${path}.2`, `${path}.moving`)
  scene.agent()
  await until(() => scene.hub.text(id) !== '')
  renameSync(`${path}.moving`, `${path}.2`)
  await until(() => scene.hub.lines(id) >= 4 * LINES)
  expect(countOf(linesOf(scene.hub.text(id)), 4 * LINES)).toMatchObject(ONCE)
})

test('a file that is let go after a jump is told as lost with exactly its bytes', async () => {
  await using scene = await Scene.open({ maxDeliveryBytes: 300 * 1024, gatherMs: 50 })
  const id = scene.engine.run({ name: 'a', image: 'x:1' })
  scene.engine.write(id, 'stdout', '0 first\n')
  const agent = scene.agentProcess()
  await until(() => scene.hub.text(id) !== '')
  await scene.hub.stop()
  const path = scene.engine.find(id).logPath
  await ended(scene.writer({ path, lines: LINES - 1, linesPerSecond: 0, from: 1 }))
  // All of what is new is taken, and some of what was skipped.
  scene.hub.fault = () => ((scene.hub.generations(id)[0]?.next ?? 0) < 500_000 ? 'none' : 'busy')
  await scene.hub.start()
  await until(() => (scene.hub.generations(id)[0]?.next ?? 0) >= 500_000)
  await killed(agent)
  scene.hub.fault = () => 'none'
  const delivered = scene.hub.generations(id).map(({ next }) => next)
  const [, ahead] = scene.hub.generations(id)
  const skipped = Number(ahead?.id.split('@')[1])
  // A new file under the old name: what was there is nowhere any more.
  rmSync(path)
  writeFileSync(path, '{"log":"another\\n","stream":"stdout","time":"2026-11-25T00:00:00.000000001Z"}\n')
  scene.agent()
  await until(() => scene.hub.losses.length > 0)
  await until(() => linesOf(scene.hub.text(id)).at(-1) === 'another')
  const known = scene.hub.losses.filter(({ bytes }) => bytes !== undefined)
  expect(known.map(({ bytes }) => bytes)).toEqual([skipped - (delivered[0] ?? 0)])
  expect(known[0]?.generation).toBe(scene.hub.generations(id)[0]?.id)
})

const docker = (log: string, stream = 'stdout') =>
  `{"log":${JSON.stringify(log)},"stream":"${stream}","time":"2026-11-25T10:00:00.1Z"}\n`
const ordinary = Array.from({ length: 40 }, (_, i) => docker(`line ${i}\n`))

test('a log is cut between records, never within a long line or a stack trace', () => {
  const cutOf = (lines: string[]) => {
    const tail = Buffer.from(lines.join(''))
    const cut = cutIn(tail)
    return cut === undefined ? undefined : tail.toString('utf8', cut).split('\n', 1)[0]
  }
  expect(cutOf(ordinary)).toBe(ordinary[17]?.trimEnd())
  const piece = docker('x'.repeat(16_384))
  const errors = Array.from({ length: 9 }, (_, i) => docker(`error ${i}\n`, 'stderr'))
  expect(cutOf([...ordinary.slice(0, 10), piece, ...errors])).toBe(undefined)
  const other = [...ordinary.slice(0, 15), piece, docker('of stderr\n', 'stderr'), docker('rest\n')]
  expect(cutOf([...other, docker('next\n')])).toBe(docker('next\n').trimEnd())
  const trace = [
    'java.lang.X: y\n',
    '\tat a.b(C.java:1)\n',
    'Caused by: z\n',
    '\t... 3 more\n',
    'INFO next\n'
  ]
  const traced = [...ordinary.slice(0, 17), ...trace.slice(1).map((log) => docker(log))]
  expect(cutOf(traced)).toBe(docker('INFO next\n').trimEnd())
  expect(cutOf(['half a line\n', ...Array.from({ length: 30 }, (_, i) => `plain ${i}\n`)])).toBe('plain 16')
  expect(cutOf([])).toBe(undefined)
})

test('a hub that takes everything slowly gets the lines in their order', async () => {
  await using scene = await Scene.open({ maxDeliveryBytes: 300 * 1024, gatherMs: 20 })
  const id = scene.engine.run({ name: 'a', image: 'x:1' })
  scene.agent()
  await until(() => scene.hub.hellos.length > 0)
  const writer = scene.writer({ path: scene.engine.find(id).logPath, lines: LINES, linesPerSecond: 0 })
  await ended(writer)
  await until(() => scene.hub.lines(id) >= LINES)
  await sleep(50)
  expect(scene.hub.generations(id)).toHaveLength(1)
  expect(countOf(linesOf(scene.hub.text(id)), LINES)).toMatchObject(ONCE)
})
