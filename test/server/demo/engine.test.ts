import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { gunzipSync } from 'node:zlib'
import Docker from 'dockerode'
import { expect, test } from 'vitest'
import { type PretendedEngine, startPretendedEngine } from '../../../server/demo/engine.ts'

/** 2026-03-01T10:20:30.123456789Z */
const MOMENT = 1_772_360_430_123_456_789n

test('dockerode reads what the engine pretends to be', async () => {
  await using world = await open()
  const { docker, engine } = world
  const id = engine.run({
    name: 'shop-orders-1',
    image: 'shop/orders:1.4',
    labels: { 'com.docker.compose.project': 'shop' },
    env: ['PORT=8080'],
    logOptions: { 'max-size': '10m', 'max-file': '3' },
    health: 'starting',
    at: MOMENT
  })
  expect(String(await docker.ping())).toBe('OK')
  expect(await docker.version()).toMatchObject({ ApiVersion: '1.47', Os: 'linux' })
  expect(await docker.info()).toMatchObject({
    ID: 'ENGINE:1',
    Name: 'host-1',
    Containers: 1,
    ContainersRunning: 1,
    LoggingDriver: 'json-file',
    DockerRootDir: world.dir
  })
  const details = await docker.getContainer(id.slice(0, 12)).inspect()
  expect(details).toMatchObject({
    Id: id,
    Created: '2026-03-01T10:20:30.123456789Z',
    Name: '/shop-orders-1',
    LogPath: join(world.dir, 'containers', id, `${id}-json.log`),
    RestartCount: 0,
    State: { Status: 'running', Running: true, ExitCode: 0, FinishedAt: '0001-01-01T00:00:00Z' },
    HostConfig: { LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } } },
    Config: { Image: 'shop/orders:1.4', Env: ['PORT=8080'], Tty: false }
  })
  expect(details.State.Health?.Status).toBe('starting')
  expect((await docker.getContainer('shop-orders-1').inspect()).Id).toBe(id)
  expect(await docker.listContainers()).toMatchObject([
    { Id: id, Names: ['/shop-orders-1'], State: 'running' }
  ])
  engine.stop(id, { exitCode: 137, oom: true })
  expect(await docker.listContainers()).toEqual([])
  expect(await docker.listContainers({ all: true })).toMatchObject([{ Id: id, State: 'exited' }])
  expect((await docker.getContainer(id).inspect()).State).toMatchObject({
    ExitCode: 137,
    OOMKilled: true,
    Pid: 0
  })
  await expect(docker.getContainer('nothing').inspect()).rejects.toMatchObject({ statusCode: 404 })
  await expect(docker.getContainer(id).start()).rejects.toMatchObject({ statusCode: 403 })
  const versioned = new Docker({ socketPath: world.socketPath, version: 'v1.41' })
  expect(
    await versioned.listContainers({ all: true, filters: { label: ['com.docker.compose.project=shop'] } })
  ).toHaveLength(1)
  expect(
    await versioned.listContainers({ all: true, filters: { label: ['com.docker.compose.project=other'] } })
  ).toEqual([])
})

test('events come as they happen, filtered, with every digit of their time', async () => {
  await using world = await open()
  const { docker, engine } = world
  const all = await events(docker, { filters: { type: ['container'] } })
  const deaths = await events(docker, { filters: { event: { die: true, health_status: true } } })
  const networks = await events(docker, { filters: { type: ['network'] } })
  const id = engine.run({ name: 'api', image: 'api:1', labels: { tier: 'web' } })
  engine.health('api', 'unhealthy')
  engine.stop('api', { exitCode: 137, oom: true, at: MOMENT })
  engine.restart('api', { exitCode: 1 })
  engine.restart('api')
  engine.rename('api', 'api-old')
  engine.remove(id)
  const seen = await all.take(16)
  expect(seen.map((text) => JSON.parse(text).Action)).toEqual([
    ...['create', 'start', 'health_status: unhealthy', 'oom', 'die'],
    ...['start', 'kill', 'die', 'stop', 'start', 'restart', 'rename', 'kill', 'die', 'stop', 'destroy']
  ])
  expect(JSON.parse(seen[4] ?? '')).toMatchObject({
    Type: 'container',
    id,
    from: 'api:1',
    Actor: { ID: id, Attributes: { exitCode: '137', tier: 'web', name: 'api', image: 'api:1' } }
  })
  expect(seen[4]).toContain('"time":1772360430,"timeNano":1772360430123456789}')
  expect((await deaths.take(3)).map((text) => JSON.parse(text).Action)).toEqual([
    'health_status: unhealthy',
    'die',
    'die'
  ])
  expect(networks.seen).toEqual([])
  const late = await events(docker, { since: 1772360430, until: 1772360431 })
  await late.ended
  expect(late.seen).toEqual(seen.slice(3, 5))
  for (const stream of [all, deaths, networks, late]) stream.end()
})

test('an engine that goes away breaks its streams and answers again later', async () => {
  await using world = await open()
  const { docker, engine } = world
  engine.run({ name: 'api', image: 'api:1' })
  const stream = await events(docker, {})
  await engine.goAway()
  await stream.ended
  await expect(docker.ping()).rejects.toThrow()
  engine.write('api', 'stdout', 'written meanwhile\n')
  await engine.comeBack()
  expect(await docker.listContainers()).toHaveLength(1)
})

test('log records are written as dockerd writes them', async () => {
  await using world = await open()
  const { engine } = world
  const id = engine.run({
    name: 'api',
    image: 'api:1',
    labels: { b: '2', a: '1', c: '3' },
    env: ['ZONE=a=b'],
    logOptions: { labels: 'b,a,missing', env: 'ZONE' }
  })
  engine.write(id, 'stdout', 'GET /?a=1&b=<2> "q\\"\tä用\u2028\u001b[31m\r\n', MOMENT)
  engine.write(id, 'stderr', Buffer.from([0x61, 0xff, 0xe4, 0xb8, 0x0a]), 1_772_360_430_120_000_000n)
  engine.write(id, 'stderr', '\nhalf', 1_772_360_430_000_000_000n)
  const { logPath } = engine.find(id)
  const attrs = '"attrs":{"ZONE":"a=b","a":"1","b":"2"}'
  const text = await readFile(logPath, 'utf8')
  expect(text.split('\n')).toEqual([
    `{"log":"GET /?a=1\\u0026b=\\u003c2\\u003e \\"q\\\\\\"\\u0009ä用\\u2028\\u001b[31m\\r\\n","stream":"stdout",${attrs},"time":"2026-03-01T10:20:30.123456789Z"}`,
    `{"log":"a\\ufffd\\ufffd\\ufffd\\n","stream":"stderr",${attrs},"time":"2026-03-01T10:20:30.12Z"}`,
    `{"log":"\\n","stream":"stderr",${attrs},"time":"2026-03-01T10:20:30Z"}`,
    ''
  ])
  engine.stop(id)
  expect(
    (await readFile(logPath, 'utf8')).endsWith(
      `{"log":"half","stream":"stderr",${attrs},"time":"${lastTime(await readFile(logPath, 'utf8'))}"}\n`
    )
  ).toBe(true)
  expect((await stat(logPath)).mode & 0o777).toBe(0o640)
  expect(() => engine.write(id, 'stdout', 'late\n')).toThrow('not running')
})

test('a long line becomes pieces of 16 KiB with one time stamp', async () => {
  await using world = await open()
  const { engine } = world
  const id = engine.run({ name: 'api', image: 'api:1' })
  const line = 'x'.repeat(16_384 * 2 + 5)
  engine.write(id, 'stdout', line.slice(0, 20_000), MOMENT)
  engine.write(id, 'stderr', 'between\n', MOMENT + 1n)
  engine.write(id, 'stdout', `${line.slice(20_000)}\n`, MOMENT + 2n)
  engine.write(id, 'stdout', `${'y'.repeat(16_384)}\n`, MOMENT + 3n)
  const records = (await readFile(engine.find(id).logPath, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text))
  expect(records.map(({ log, time }) => [log.length, time.slice(-3)])).toEqual([
    [16_384, '89Z'],
    [8, '79Z'],
    [16_384, '89Z'],
    [6, '89Z'],
    [16_384, '92Z'],
    [1, '92Z']
  ])
})

test('rotation keeps max-file files, compresses them, and unlinks where only one may be', async () => {
  await using world = await open()
  const { engine } = world
  const fill = (name: string, lines: number) => {
    for (let n = 0; n < lines; n++) engine.write(name, 'stdout', `${String(n).padStart(100, '.')}\n`)
  }
  const three = engine.run({ name: 'three', image: 'i', logOptions: { 'max-size': '1k', 'max-file': '3' } })
  fill('three', 100)
  const files = await logFiles(world.dir, three)
  expect(Object.keys(files)).toEqual(['', '.1', '.2'])
  expect(numbersIn(files)).toEqual(
    Array.from({ length: numbersIn(files).length }, (_, n) => 100 - numbersIn(files).length + n)
  )
  for (const ending of ['.1', '.2']) expect(files[ending]?.length).toBeGreaterThanOrEqual(1000)
  for (const ending of ['.1', '.2']) expect(files[ending]?.length).toBeLessThan(1000 + 200)
  const packed = engine.run({
    name: 'packed',
    image: 'i',
    logOptions: { 'max-size': '1k', 'max-file': '3', compress: 'true' }
  })
  fill('packed', 100)
  await new Promise((resolve) => setImmediate(resolve))
  const compressed = await logFiles(world.dir, packed)
  expect(Object.keys(compressed)).toEqual(['', '.1.gz', '.2.gz'])
  expect(numbersIn(compressed)).toContain(99)
  expect(numbersIn(compressed).length).toBeGreaterThan(10)
  const one = engine.run({ name: 'one', image: 'i', logOptions: { 'max-size': '1k' } })
  fill('one', 100)
  expect(Object.keys(await logFiles(world.dir, one))).toEqual([''])
  engine.remove('one')
  expect(await readdir(join(world.dir, 'containers'))).not.toContain(one)
})

async function open() {
  const dir = await mkdtemp(join(tmpdir(), 'driftlog-engine-'))
  const socketPath = join(dir, 'docker.sock')
  const engine: PretendedEngine = await startPretendedEngine({
    socketPath,
    dir,
    id: 'ENGINE:1',
    name: 'host-1'
  })
  return {
    dir,
    socketPath,
    engine,
    docker: new Docker({ socketPath }),
    async [Symbol.asyncDispose]() {
      await engine.close()
      await rm(dir, { recursive: true, force: true })
    }
  }
}

async function events(docker: Docker, options: object) {
  const stream = (await docker.getEvents(options)) as NodeJS.ReadableStream & { destroy(): void }
  const seen: string[] = []
  const waiting: (() => void)[] = []
  const lines = createInterface({ input: stream })
  const ended = new Promise<void>((resolve) => lines.once('close', resolve))
  lines.on('line', (line) => {
    seen.push(line)
    for (const wake of waiting.splice(0)) wake()
  })
  // A stream that breaks says so to its reader as well.
  lines.on('error', () => lines.close())
  stream.on('error', () => lines.close())
  stream.on('close', () => lines.close())
  return {
    seen,
    ended,
    end: () => stream.destroy(),
    /** The first `count` events, or fewer where none follows for a while. */
    async take(count: number): Promise<string[]> {
      const giveUp = Date.now() + 500
      while (seen.length < count && Date.now() < giveUp) {
        await Promise.race([
          new Promise<void>((resolve) => waiting.push(resolve)),
          new Promise((resolve) => setTimeout(resolve, 50))
        ])
      }
      return seen.slice(0, count)
    }
  }
}

/** The text of every log file of a container by its ending, in order of name. */
async function logFiles(dir: string, id: string): Promise<Record<string, string>> {
  const folder = join(dir, 'containers', id)
  const names = (await readdir(folder)).sort()
  const files = names.map(async (name) => {
    const bytes = await readFile(join(folder, name))
    const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
    return [name.replace(/^.*-json\.log/, ''), text] as const
  })
  return Object.fromEntries(await Promise.all(files))
}

/** The numbers of all lines, oldest file first. */
function numbersIn(files: Record<string, string>): number[] {
  const text = Object.values(files).reverse().join('')
  return [...text.matchAll(/\.(\d+)\\n/g)].map(([, n]) => Number(n))
}

function lastTime(text: string): string {
  return JSON.parse(text.trimEnd().split('\n').at(-1) ?? '{}').time
}
