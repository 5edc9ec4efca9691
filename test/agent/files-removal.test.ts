/** What is known of a container's own files when it is removed before all of them were seen. */
import {
  copyFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { readConfig } from '../../agent/config.ts'
import { dockerEngine } from '../../agent/docker/dockerode.ts'
import type { Engine, EngineEvent } from '../../agent/docker/engine.ts'
import { watchEngine } from '../../agent/docker/watch.ts'
import { accountOf, lines, linesIn, PERFECT, withFiles } from './files-scene.ts'
import { Scene, until } from './scene.ts'

const STREAM = 'file:/app/a.log'

/** A container with a log that was read so far. */
async function begun(scene: Scene, more: NodeJS.ProcessEnv = {}) {
  const { id, at } = withFiles(scene, '/app/*.log')
  mkdirSync(at('/app'), { recursive: true })
  writeFileSync(at('/app/a.log'), lines(0, 10))
  scene.agent(more)
  await until(() => linesIn(scene.hub, id).length >= 10)
  const ended = () => until(() => isOver(scene, id, STREAM))
  const told = () => ({
    cause: 'removed-unread',
    container: id,
    stream: STREAM,
    after: scene.hub.generations(id, STREAM).at(-1)?.id
  })
  return { id, live: at('/app/a.log'), ended, told }
}

function isOver(scene: Scene, id: string, stream: string): boolean {
  return scene.hub.generations(id, stream).every((one) => one.ended)
}

/** Between two looks, far apart. */
const SELDOM = { DRIFTLOG_POLL_MS: '1000' }

test('renamed, begun anew and removed between two looks: that a file was never seen is told', async () => {
  await using scene = await Scene.open()
  const { id, live, ended, told } = await begun(scene)
  renameSync(live, `${live}.1`)
  writeFileSync(live, lines(10, 20))
  scene.engine.remove(id)
  await until(() => scene.hub.losses.length > 0)
  await ended()
  expect(scene.hub.losses).toMatchObject([told()])
  expect(accountOf(linesIn(scene.hub, id), 10)).toMatchObject(PERFECT)
})

test('the same while the hub is away: told when it has come back, after the file that it knows', async () => {
  await using scene = await Scene.open()
  const { id, live, ended, told } = await begun(scene)
  await scene.hub.stop()
  renameSync(live, `${live}.1`)
  writeFileSync(live, lines(10, 20))
  scene.engine.remove(id)
  await sleep(600)
  await scene.hub.start()
  await until(() => scene.hub.losses.length > 0)
  await ended()
  expect(scene.hub.losses).toMatchObject([told()])
})

test('deleted, begun anew and removed between two looks is told, too', async () => {
  await using scene = await Scene.open()
  const { id, live, ended, told } = await begun(scene, SELDOM)
  rmSync(live)
  await sleep(60)
  writeFileSync(live, lines(10, 20))
  scene.engine.remove(id)
  await until(() => scene.hub.losses.length > 0)
  await ended()
  expect(scene.hub.losses).toMatchObject([told()])
})

test('a container that ended without a new file is known to have none, however it is removed later', async () => {
  await using scene = await Scene.open()
  const { id, live, ended } = await begun(scene)
  renameSync(live, `${live}.1`)
  await sleep(60)
  scene.engine.stop(id)
  await until(() => scene.hub.instances.get(id)?.state === 'exited')
  scene.engine.remove(id)
  await until(() => scene.hub.instances.get(id)?.state === 'removed')
  await ended()
  await sleep(100)
  expect(scene.hub.losses).toEqual([])
})

test('that is known no more once the container was started again', async () => {
  await using scene = await Scene.open()
  const { id, live, told } = await begun(scene)
  renameSync(live, `${live}.1`)
  await sleep(60)
  scene.engine.stop(id)
  await until(() => scene.hub.instances.get(id)?.state === 'exited')
  scene.engine.start(id)
  await until(() => scene.hub.instances.get(id)?.state === 'running')
  writeFileSync(live, lines(10, 20))
  scene.engine.remove(id)
  await until(() => scene.hub.losses.length > 0)
  expect(scene.hub.losses).toMatchObject([told()])
})

test('on a volume, which outlives the container, nothing is missing that does not lie there', async () => {
  await using scene = await Scene.open()
  const volume = join(scene.folder, 'volume')
  const { id } = withFiles(scene, '/data/*.log', [{ source: volume, destination: '/data' }])
  mkdirSync(volume)
  const live = join(volume, 'a.log')
  writeFileSync(live, lines(0, 10))
  scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 10)
  renameSync(live, `${live}.1`)
  scene.engine.remove(id)
  await until(() => isOver(scene, id, 'file:/data/a.log'))
  await sleep(100)
  expect(scene.hub.losses).toEqual([])
})

test('a log that has another name of its own, by a link or where it is mounted, was not renamed', async () => {
  await using scene = await Scene.open()
  const source = join(scene.folder, 'orders.txt')
  writeFileSync(source, lines(0, 10))
  const { id, at } = withFiles(scene, '/app/*.log', [{ source, destination: '/app/mounted.log' }])
  mkdirSync(at('/app'), { recursive: true })
  mkdirSync(at('/data'))
  writeFileSync(at('/data/1.txt'), lines(10, 20))
  symlinkSync('../data/1.txt', at('/app/linked.log'))
  scene.agent()
  await until(() => linesIn(scene.hub, id).length >= 20)
  scene.engine.remove(id)
  await until(() => ['mounted', 'linked'].every((name) => isOver(scene, id, `file:/app/${name}.log`)))
  expect(scene.hub.losses).toEqual([])
})

test('a file that is truncated and written anew, or has a newer one that was seen, is the last one', async () => {
  await using scene = await Scene.open()
  const { id, live, ended } = await begun(scene)
  renameSync(live, `${live}.1`)
  writeFileSync(live, lines(10, 20))
  await until(() => linesIn(scene.hub, id).length >= 20)
  copyFileSync(live, `${live}.2`)
  truncateSync(live)
  writeFileSync(live, lines(20, 30), { flag: 'a' })
  await until(() => linesIn(scene.hub, id).length >= 30)
  scene.engine.remove(id)
  await ended()
  await sleep(100)
  expect(accountOf(linesIn(scene.hub, id), 30)).toMatchObject(PERFECT)
  expect(scene.hub.losses).toEqual([])
})

test('what a signal or its end has left of a container is looked at before the engine is asked', async () => {
  const calls: [string, number | undefined][] = []
  const ending = new AbortController()
  const event = (action: string, atMs: number): EngineEvent => ({
    ...{ container: 'c', action, atMs, attributes: {} }
  })
  await using scene = await Scene.open()
  const engine: Engine = {
    ...dockerEngine({ socketPath: join(scene.folder, 'docker.sock') }),
    // It is busy removing the container.
    inspect: (_, signal) => new Promise((_, reject) => signal.addEventListener('abort', reject)),
    events: async function* () {
      yield event('start', 1)
      yield event('kill', 2)
      yield event('die', 3)
      await until(() => ending.signal.aborted)
    }
  }
  const { environment, containersDir, hostRoot, procDir, logAccess } = readConfig(scene.env())
  const view = { environment, containersDir, hostRoot, procDir, logAccess, ownContainer: undefined }
  const told = (container: string, endedMs: number | undefined) => calls.push([container, endedMs])
  const watch = watchEngine(
    { ...view, engine, rescanMs: 100_000, early: () => {}, ending: told },
    ending.signal
  )
  const changes = (async () => {
    const kinds: string[] = []
    for await (const { kind } of watch) kinds.push(kind)
    return kinds
  })()
  await until(() => calls.length >= 2)
  ending.abort()
  expect(await changes).toEqual(['engine', 'present'])
  expect(calls).toEqual([
    ['c', undefined],
    ['c', 3]
  ])
})
