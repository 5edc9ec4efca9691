import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { EngineLogs, type LogFault } from '../../fakes/engine-logs.ts'
import { killed, linesOf, Scene, until } from '../scene.ts'

/** A scene whose engine is asked for logs, and an agent that asks. */
async function asking(options = {}) {
  const scene = await Scene.open({ gatherMs: 5, ...options })
  const socket = join(scene.folder, 'asked.sock')
  const logs = await EngineLogs.start(socket, join(scene.folder, 'docker.sock'))
  const env = { DRIFTLOG_DOCKER_SOCKET: socket, DRIFTLOG_LOG_ACCESS: 'api' }
  return {
    scene,
    logs,
    env,
    spool: join(scene.folder, 'state', 'spool'),
    async [Symbol.asyncDispose]() {
      await scene[Symbol.asyncDispose]()
      await logs[Symbol.asyncDispose]()
    }
  }
}

/** Several records share each moment. */
const timeOf = (number: number) =>
  new Date(1_795_428_000_000 + Math.floor(number / 7)).toISOString().replace('Z', '000001Z')

const expected = (lines: number) => Array.from({ length: lines }, (_, number) => `${number} text`)

test('answers that break off anywhere, or tell an error: every line once and in order', async () => {
  await using stage = await asking()
  const { scene, logs, env } = stage
  const id = scene.engine.run({ name: 'a', image: 'x:1' })
  let answers = 0
  logs.fault = (): LogFault => {
    answers++
    if (answers % 5 === 0) return { kind: 'error', records: answers, message: 'disk' }
    if (answers % 7 === 0) return { kind: 'refused', status: 500, message: 'busy' }
    return { kind: 'cut', bytes: 100 + ((answers * 997) % 4000) }
  }
  scene.agent(env)
  let lines = 0
  while (logs.asked.length < 16) {
    for (let n = 0; n < 20; n++) {
      logs.write(id, lines % 3 === 0 ? 'stderr' : 'stdout', `${lines} text\n`, timeOf(lines++))
    }
    await sleep(10)
  }
  logs.fault = () => ({ kind: 'none' })
  await until(() => scene.hub.lines(id) >= lines)
  await sleep(100)
  expect(linesOf(scene.hub.text(id))).toEqual(expected(lines))
  expect(scene.hub.losses).toEqual([])
  expect(scene.hub.complaints).toEqual([])
  expect(scene.hub.instances.get(id)?.logSource).toBe('api')
})

test('an answer that falls silent without a word is found out by asking for the newest record', async () => {
  await using stage = await asking()
  const { scene, logs, env } = stage
  const id = scene.engine.run({ name: 'a', image: 'x:1' })
  let answers = 0
  logs.fault = () => (answers++ < 2 ? { kind: 'silent', bytes: 120 * answers } : { kind: 'none' })
  const agent = scene.agent({ ...env, DRIFTLOG_LOG_CHECK_MS: '200' })
  for (let number = 0; number < 20; number++) logs.write(id, 'stdout', `${number} text\n`, timeOf(number))
  await until(() => scene.hub.lines(id) >= 20)
  expect(linesOf(scene.hub.text(id))).toEqual(expected(20))
  const metrics = await (await fetch(`http://127.0.0.1:${await agent.port}/metrics`)).text()
  expect(metrics).toContain('driftlog_agent_engine_log_stalls_total 2')
})

test('an agent that is killed at any moment goes on from its spool', async () => {
  await using stage = await asking()
  const { scene, logs, env } = stage
  const id = scene.engine.run({ name: 'a', image: 'x:1' })
  let number = 0
  for (let round = 0; round < 6; round++) {
    const agent = scene.agentProcess(env)
    const until = Date.now() + 900 + round * 60
    while (Date.now() < until) {
      for (let n = 0; n < 20; n++) logs.write(id, 'stdout', `${number} text\n`, timeOf(number++))
      await sleep(10)
    }
    await killed(agent)
  }
  scene.agent(env)
  await until(() => scene.hub.lines(id) >= number)
  await sleep(100)
  expect(linesOf(scene.hub.text(id))).toEqual(expected(number))
  expect(scene.hub.losses).toEqual([])
})

test('what the engine forgot while no agent ran is told as a gap of its own kind', async () => {
  await using stage = await asking()
  const { scene, logs, env } = stage
  const id = scene.engine.run({ name: 'a', image: 'x:1' })
  const first = scene.agent(env)
  for (let number = 0; number < 10; number++) logs.write(id, 'stdout', `${number} text\n`, timeOf(number))
  await until(() => scene.hub.lines(id) === 10)
  await first.end()
  for (let number = 100; number < 200; number++)
    logs.write(id, 'stdout', `${number} text\n`, timeOf(number + 99_999))
  logs.forget(id, 50)
  scene.agent(env)
  await until(() => scene.hub.lines(id) === 60)
  await until(() => scene.hub.losses.length === 1)
  expect(scene.hub.losses[0]).toMatchObject({ container: id, stream: 'docker', cause: 'source-gap' })
})

test('a driver that cannot be read is named; a container that ended is read whole; none is asked twice', async () => {
  await using stage = await asking()
  const { scene, logs, env } = stage
  const over = scene.engine.run({ name: 'over', image: 'x:1' })
  for (let number = 0; number < 5; number++) logs.write(over, 'stdout', `${number} text\n`, timeOf(number))
  scene.engine.stop(over)
  scene.agent(env)
  await until(() => scene.hub.lines(over) === 5)
  await sleep(500)
  expect(logs.asked).toHaveLength(1)
  logs.fault = () => ({ kind: 'refused', status: 501, message: 'does not support reading' })
  const mute = scene.engine.run({ name: 'mute', image: 'x:1' })
  await until(() => scene.hub.instances.get(mute)?.unread !== undefined)
  expect(scene.hub.instances.get(mute)?.unread).toContain('does not support reading')
})

test('started again it goes on; removed, the rest is delivered and the spool is gone', async () => {
  await using stage = await asking()
  const { scene, logs, env, spool } = stage
  const id = scene.engine.run({ name: 'a', image: 'x:1' })
  const agent = scene.agent(env)
  for (let round = 0; round < 3; round++) {
    await until(() => logs.followers === 1)
    for (let n = 0; n < 10; n++) logs.write(id, 'stdout', `${round * 10 + n} text\n`, timeOf(round * 10 + n))
    scene.engine.stop(id)
    logs.endOf(id)
    await until(() => logs.followers === 0)
    if (round < 2) scene.engine.start(id)
  }
  await until(() => scene.hub.lines(id) === 30)
  await scene.hub.stop()
  scene.engine.start(id)
  await until(() => logs.followers === 1)
  logs.write(id, 'stdout', '30 text\n', timeOf(30))
  await sleep(200)
  scene.engine.remove(id)
  logs.endOf(id)
  await sleep(200)
  // The container is gone, the agent too: what is in the spool is delivered by the next one.
  await agent.end()
  expect(readdirSync(spool)).toEqual([id])
  await scene.hub.start()
  scene.agent(env)
  await until(() => scene.hub.lines(id) === 31)
  await until(() => readdirSync(spool).length === 0)
  expect(linesOf(scene.hub.text(id))).toEqual(expected(31))
  expect(scene.hub.generations(id).every((one) => one.ended)).toBe(true)
  expect(scene.hub.instances.get(id)?.state).toBe('removed')
  expect(scene.hub.losses).toEqual([])
})

test('a hub that is away fills the spool up to its bound: the engine is not asked on until there is room', async () => {
  await using stage = await asking()
  const { scene, logs, env } = stage
  const id = scene.engine.run({ name: 'a', image: 'x:1' })
  const agent = scene.agent({ ...env, DRIFTLOG_SPOOL_MAX_BYTES: String(1024 ** 2) })
  const metrics = async () => (await fetch(`http://127.0.0.1:${await agent.port}/metrics`)).text()
  const metric = async (name: string) =>
    Number(new RegExp(`^driftlog_agent_${name} (\\d+)$`, 'm').exec(await metrics())?.[1])
  logs.write(id, 'stdout', '0 text\n', timeOf(0))
  await until(() => scene.hub.lines(id) === 1)
  await scene.hub.stop()
  const lines = 6000
  const filler = ' '.repeat(400)
  for (let number = 1; number < lines; number++) {
    logs.write(id, 'stdout', `${number} text${filler}\n`, timeOf(number))
    if (number % 200 === 0) await sleep(1)
  }
  await until(async () => (await metric('spool_pauses_total')) === 1)
  await until(() => logs.followers === 0)
  expect(await metric('spool_bytes')).toBeLessThan(1.5 * 1024 ** 2)
  await scene.hub.start()
  await until(() => scene.hub.lines(id) >= lines)
  expect(linesOf(scene.hub.text(id)).map((line) => line.trimEnd())).toEqual(expected(lines))
  expect(scene.hub.losses).toEqual([])
  expect(await metric('spool_resumes_total')).toBeGreaterThan(0)
})

test('delivered files of a spool are deleted while it goes on', async () => {
  await using stage = await asking()
  const { scene, logs, env, spool } = stage
  const id = scene.engine.run({ name: 'a', image: 'x:1' })
  scene.agent(env)
  const text = 'x'.repeat(2000)
  for (let number = 0; number < 3200; number++) {
    logs.write(id, 'stdout', `${number} ${text}\n`, timeOf(number * 70))
    if (number % 100 === 0) await sleep(10)
  }
  await until(() => scene.hub.lines(id) === 3200)
  // The newest file, and what is needed to go on from.
  const files = () => readdirSync(join(spool, id)).filter((name) => name.startsWith('docker.log'))
  await until(() => files().length <= 4)
  expect(scene.hub.losses).toEqual([])
})

test('files that may not be read are asked for instead, unless they were read before', async () => {
  await using stage = await asking()
  const { scene, logs, env } = stage
  const auto = { ...env, DRIFTLOG_LOG_ACCESS: 'auto' }
  const unseen = { ...auto, DRIFTLOG_CONTAINERS_DIR: join(scene.folder, 'empty', 'containers') }
  const read = scene.engine.run({ name: 'read', image: 'x:1' })
  scene.engine.write(read, 'stdout', '0 text\n')
  const first = scene.agent(auto)
  await until(() => scene.hub.lines(read) === 1)
  await sleep(500)
  await first.end()
  const fresh = scene.engine.run({ name: 'fresh', image: 'x:1' })
  logs.write(fresh, 'stdout', '0 text\n', timeOf(0))
  const second = scene.agent(unseen)
  await until(() => scene.hub.lines(fresh) === 1)
  await until(() => scene.hub.instances.get(read)?.unread !== undefined)
  expect(scene.hub.instances.get(fresh)).toMatchObject({ logSource: 'api' })
  expect(scene.hub.instances.get(read)?.logSource).toBeUndefined()
  await second.end()
  // Once begun it stays so: its files would give everything again.
  mkdirSync(join(scene.folder, 'empty'), { recursive: true })
  scene.engine.write(fresh, 'stdout', '0 text\n')
  logs.write(fresh, 'stdout', '1 text\n', timeOf(1))
  scene.agent(auto)
  await until(() => scene.hub.lines(fresh) === 2)
  await sleep(300)
  expect(linesOf(scene.hub.text(fresh))).toEqual(expected(2))
})
