/** What a reader of files must get right: the list is that of Fluent Bit's tests of its in_tail, as far as it applies. */
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { accountOf, lines, linesIn, PERFECT, streamsOf, withFiles, write } from './files-scene.ts'
import { Scene, until } from './scene.ts'

test('files that are there, that come, and that come in new folders are read from their first byte', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/logs/**/*.log')
  write(at('/app/logs/a.log'), lines(0, 10))
  scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 10)
  write(at('/app/logs/a.log'), lines(10, 20))
  await until(() => linesIn(scene.hub, id).length >= 20)
  write(at('/app/logs/b.log'), lines(20, 30))
  write(at('/app/logs/deep/er/c.log'), lines(30, 40))
  await until(() => linesIn(scene.hub, id).length >= 40)
  write(at('/app/logs/no.txt'), lines(40, 50))
  await sleep(200)
  expect(accountOf(linesIn(scene.hub, id), 40)).toMatchObject(PERFECT)
  expect(streamsOf(scene.hub, id)).toEqual([
    'file:/app/logs/a.log',
    'file:/app/logs/b.log',
    'file:/app/logs/deep/er/c.log'
  ])
  expect(scene.hub.complaints).toEqual([])
})

test('a quiet file is read on, and a folder that was quiet shows a new file', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/*.log')
  write(at('/app/a.log'), lines(0, 1))
  scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 1)
  await sleep(2500)
  write(at('/app/a.log'), lines(1, 2))
  await until(() => linesIn(scene.hub, id).length >= 2)
  await sleep(2500)
  write(at('/app/b.log'), lines(2, 3))
  await until(() => linesIn(scene.hub, id).length >= 3)
  expect(accountOf(linesIn(scene.hub, id), 3)).toMatchObject(PERFECT)
})

test('without the kernel’s word files are found by looking now and then', async () => {
  await using scene = await Scene.open()
  const source = join(scene.folder, 'proc-like')
  const { id } = withFiles(scene, '/data/*.log', [{ source, destination: '/data' }])
  scene.agent({ DRIFTLOG_IDLE_POLL_MS: '100' })
  await until(() => scene.hub.instances.has(id))
  await sleep(300)
  // The folder was not there to be watched.
  write(join(source, 'a.log'), lines(0, 5))
  await until(() => linesIn(scene.hub, id).length >= 5)
})

test('a link that is turned to another file is read on there', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/current.log')
  write(at('/data/1.txt'), lines(0, 10))
  mkdirSync(at('/app'), { recursive: true })
  symlinkSync('../data/1.txt', at('/app/current.log'))
  scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 10)
  write(at('/data/2.txt'), lines(10, 20))
  symlinkSync('/data/2.txt', at('/app/next'))
  renameSync(at('/app/next'), at('/app/current.log'))
  await until(() => linesIn(scene.hub, id).length >= 20)
  expect(accountOf(linesIn(scene.hub, id), 20)).toMatchObject(PERFECT)
  expect(streamsOf(scene.hub, id)).toEqual(['file:/app/current.log'])
})

test('a file with two names is read once', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/*.log')
  write(at('/app/a.log'), lines(0, 10))
  linkSync(at('/app/a.log'), at('/app/b.log'))
  scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 10)
  await sleep(200)
  expect(accountOf(linesIn(scene.hub, id), 10)).toMatchObject(PERFECT)
})

test('half a line waits for its rest, over a restart of the agent, too; the end of the container completes it', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/*.log')
  const whole = lines(0, 3)
  write(at('/app/a.log'), whole.slice(0, -10))
  const agent = scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 2)
  await sleep(200)
  expect(linesIn(scene.hub, id)).toHaveLength(2)
  await agent.end()
  scene.agent()
  await sleep(200)
  write(at('/app/a.log'), whole.slice(-10))
  await until(() => linesIn(scene.hub, id).length >= 3)
  write(at('/app/a.log'), lines(3, 4).trimEnd())
  await sleep(200)
  expect(linesIn(scene.hub, id)).toHaveLength(3)
  scene.engine.stop(id)
  await until(() => linesIn(scene.hub, id).length >= 4)
  // It starts again, and goes on in the same file.
  scene.engine.start(id)
  write(at('/app/a.log'), `\n${lines(4, 6)}`)
  await until(() => linesIn(scene.hub, id).length >= 6)
  write(at('/app/a.log'), lines(6, 7).trimEnd())
  await sleep(200)
  scene.engine.remove(id)
  await until(() => linesIn(scene.hub, id).length >= 7)
  expect(accountOf(linesIn(scene.hub, id), 7)).toMatchObject(PERFECT)
  expect(scene.hub.losses).toEqual([])
  await until(() => scene.hub.generations(id, 'file:/app/a.log').every(({ ended }) => ended))
  expect(scene.hub.complaints).toEqual([])
})

test('a removed container’s files are read to the last byte, also those that the hub had no time for', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/*.log')
  write(at('/app/a.log'), lines(0, 10))
  scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 10)
  await scene.hub.stop()
  write(at('/app/a.log'), lines(10, 50_000))
  await sleep(300)
  scene.engine.remove(id)
  await sleep(500)
  await scene.hub.start()
  await until(() => linesIn(scene.hub, id).length >= 50_000)
  expect(accountOf(linesIn(scene.hub, id), 50_000)).toMatchObject(PERFECT)
  expect(scene.hub.losses).toEqual([])
})

test('bytes that are no text, lines without an end and empty files stop nothing', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/*.log')
  mkdirSync(at('/app'), { recursive: true })
  const bytes = Buffer.concat([Buffer.from([0, 255, 254, 10, 13, 10]), Buffer.alloc(700_000, 'x')])
  writeFileSync(at('/app/a.log'), bytes)
  writeFileSync(at('/app/empty.log'), '')
  scene.agent()
  await until(() => scene.hub.text(id, 'file:/app/a.log') !== '')
  appendFileSync(at('/app/a.log'), '\n1 end\n')
  await until(() => scene.hub.text(id, 'file:/app/a.log').endsWith('1 end\n'))
  const sent = Buffer.concat(scene.hub.generations(id, 'file:/app/a.log').flatMap(({ pieces }) => pieces))
  expect(sent.equals(readFileSync(at('/app/a.log')))).toBe(true)
  expect(streamsOf(scene.hub, id)).toEqual(['file:/app/a.log'])
})

test('bad patterns are told with their place and the way out, and the others work', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, 'logs/*.log, /app/*.log')
  write(at('/app/a.log'), lines(0, 5))
  scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 5)
  await until(() => scene.hub.instances.get(id)?.unread !== undefined)
  expect(scene.hub.instances.get(id)?.unread).toBe(
    'DRIFTLOG_PATTERN: "logs/*.log" in the label driftlog.files does not begin with "/": name the files by their whole path'
  )
})

test('a file that is not readable at first is read when it is', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/*.log')
  mkdirSync(at('/app/a.log'), { recursive: true })
  scene.agent({ DRIFTLOG_IDLE_POLL_MS: '200' })
  await until(() => scene.hub.instances.has(id))
  rmSync(at('/app/a.log'), { recursive: true })
  write(at('/app/a.log'), lines(0, 5))
  await until(() => linesIn(scene.hub, id).length >= 5)
})

test('volumes are read where they lie; memory that nobody can reach is told', async () => {
  await using scene = await Scene.open()
  const volume = join(scene.folder, 'volume')
  write(join(volume, 'a.log'), lines(0, 5))
  const mounts = [{ source: volume, destination: '/data' }, { destination: '/run' }]
  const { id } = withFiles(scene, '/data/*.log /run/*.log', mounts)
  scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 5)
  expect(streamsOf(scene.hub, id)).toEqual(['file:/data/a.log'])
  await until(() => scene.hub.instances.get(id)?.unread !== undefined)
  expect(scene.hub.instances.get(id)?.unread).toContain('DRIFTLOG_FILES_PLACE')
  expect(scene.hub.instances.get(id)?.unread).toContain('/run is in memory')
})

test('who does not want to be read is not read', async () => {
  await using scene = await Scene.open()
  const labels = { 'driftlog.files': '/app/*.log', 'driftlog.enable': 'false' }
  const id = scene.engine.run({ name: 'shy', image: 'x:1', labels })
  write(join(scene.engine.find(id).upperDir, '/app/a.log'), lines(0, 5))
  const other = withFiles(scene, '/app/*.log', [], 'open')
  write(other.at('/app/a.log'), lines(0, 5))
  scene.agent()
  await until(() => linesIn(scene.hub, other.id).length >= 5)
  expect(streamsOf(scene.hub, id)).toEqual([])
})

test('a hub that has forgotten everything gets all that is still there', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/*.log')
  write(at('/app/a.log'), lines(0, 300))
  scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 300)
  renameSync(at('/app/a.log'), at('/app/a.log.1'))
  write(at('/app/a.log'), lines(300, 600))
  await until(() => linesIn(scene.hub, id).length >= 600)
  await scene.hub.stop()
  scene.hub.streams.clear()
  await scene.hub.start()
  await until(() => linesIn(scene.hub, id).length >= 600)
  expect(accountOf(linesIn(scene.hub, id), 600)).toMatchObject(PERFECT)
})
