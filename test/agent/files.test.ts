/** What a reader of files must get right: the list is that of Fluent Bit's tests of its in_tail, as far as it applies. */
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { accountOf, lines, linesIn, PERFECT, streamsOf, withFiles } from './files-scene.ts'
import { Scene, until } from './scene.ts'

function write(path: string, text: string): void {
  mkdirSync(join(path, '..'), { recursive: true })
  appendFileSync(path, text)
}

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

test('copytruncate: the rest is read from the copy, the copy itself is no log', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/*')
  write(at('/app/a.log'), `BANNER\n${lines(0, 500)}`)
  scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 500)
  await scene.hub.stop()
  appendFileSync(at('/app/a.log'), lines(500, 900))
  await sleep(100)
  copyFileSync(at('/app/a.log'), at('/app/a.log.1'))
  truncateSync(at('/app/a.log'))
  appendFileSync(at('/app/a.log'), `BANNER\n${lines(900, 1000)}`)
  await sleep(100)
  await scene.hub.start()
  await until(() => linesIn(scene.hub, id).length >= 1000)
  await sleep(1500)
  appendFileSync(at('/app/a.log'), lines(1000, 1010))
  await until(() => linesIn(scene.hub, id).length >= 1010)
  expect(accountOf(linesIn(scene.hub, id), 1010)).toMatchObject(PERFECT)
  expect(scene.hub.losses).toEqual([])
})

test('copytruncate while no agent runs', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/*.log')
  write(at('/app/a.log'), `BANNER\n${lines(0, 500)}`)
  const agent = scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 500)
  await agent.end()
  appendFileSync(at('/app/a.log'), lines(500, 900))
  copyFileSync(at('/app/a.log'), at('/app/a.log.1'))
  truncateSync(at('/app/a.log'))
  // As long as before, and with the same first line.
  appendFileSync(at('/app/a.log'), `BANNER\n${lines(900, 2000)}`)
  scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 2000)
  await sleep(200)
  expect(accountOf(linesIn(scene.hub, id), 2000)).toMatchObject(PERFECT)
  expect(scene.hub.losses).toEqual([])
})

test('truncated without a copy: what was seen and not sent is told as lost', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/*.log')
  write(at('/app/a.log'), lines(0, 100))
  scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 100)
  await scene.hub.stop()
  appendFileSync(at('/app/a.log'), lines(100, 101))
  await sleep(200)
  const rest = lines(101, 200)
  appendFileSync(at('/app/a.log'), rest)
  await sleep(200)
  truncateSync(at('/app/a.log'))
  appendFileSync(at('/app/a.log'), lines(200, 300))
  await sleep(200)
  await scene.hub.start()
  await until(() => linesIn(scene.hub, id).at(-1)?.startsWith('299 ') ?? false)
  await until(() => scene.hub.losses.length > 0)
  expect(scene.hub.losses.every(({ cause }) => cause === 'truncated')).toBe(true)
  const lost = scene.hub.losses.reduce((sum, { bytes = 0 }) => sum + bytes, 0)
  expect(lost).toBeGreaterThanOrEqual(Buffer.byteLength(rest))
  expect(accountOf(linesIn(scene.hub, id), 300).repeated).toBe(0)
})

test('a writer that goes on at its old place after a truncation leaves NUL bytes, and no line is lost', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/*.log')
  const first = lines(0, 1000)
  write(at('/app/a.log'), first)
  scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 1000)
  await sleep(1100)
  truncateSync(at('/app/a.log'))
  const fd = openSync(at('/app/a.log'), 'r+')
  writeSync(fd, lines(1000, 1100), first.length)
  closeSync(fd)
  const all = () => scene.hub.text(id, 'file:/app/a.log').replaceAll('\0', '').split('\n').filter(Boolean)
  await until(() => all().length >= 1100)
  expect(accountOf(all(), 1100)).toMatchObject(PERFECT)
  expect(scene.hub.losses).toEqual([])
})

test('deleted and made again, and made again with the inode that was just freed', async () => {
  await using scene = await Scene.open()
  const { id, at } = withFiles(scene, '/app/*.log')
  write(at('/app/a.log'), lines(0, 10))
  const agent = scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 10)
  for (let round = 1; round < 5; round++) {
    rmSync(at('/app/a.log'))
    write(at('/app/a.log'), lines(round * 10, round * 10 + 10))
    await until(() => linesIn(scene.hub, id).length >= round * 10 + 10)
  }
  await agent.end()
  rmSync(at('/app/a.log'))
  write(at('/app/a.log'), lines(50, 60))
  scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 60)
  expect(accountOf(linesIn(scene.hub, id), 60)).toMatchObject(PERFECT)
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

function utimes(path: string, seconds: number): void {
  utimesSync(path, seconds, seconds)
}
