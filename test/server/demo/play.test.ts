import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Docker from 'dockerode'
import { expect, test } from 'vitest'
import { Agenda } from '../../../server/demo/agenda.ts'
import { openPlay } from '../../../server/demo/play.ts'

const HOUR_MS = 3_600_000
const NOW_MS = Date.UTC(2026, 10, 23, 15)

test('the agenda does things in the order of their moments', () => {
  const agenda = new Agenda()
  const done: string[] = []
  const moments = Array.from({ length: 300 }, (_, n) => (n * 7919) % 100)
  for (const [n, moment] of moments.entries()) {
    agenda.at(moment, () => done.push(`${String(moment).padStart(2, '0')}:${String(n).padStart(3, '0')}`))
  }
  expect(agenda.nextMs).toBe(0)
  expect(agenda.runUntil(49, 10)).toBe(10)
  agenda.runUntil(99)
  expect(done).toEqual([...done].sort())
  expect(done).toHaveLength(300)
  expect(agenda.nextMs).toBeUndefined()
})

test('the same seed writes the same history, byte for byte; another one does not', async () => {
  await using first = await history(5, NOW_MS, HOUR_MS / 3)
  await using second = await history(5, NOW_MS, HOUR_MS / 3)
  await using third = await history(6, NOW_MS, HOUR_MS / 3)
  const [a, b, c] = await Promise.all([first, second, third].map((played) => logs(played.dir)))
  expect(a?.length).toBeGreaterThan(7)
  expect(a).toEqual(b)
  expect(a).not.toEqual(c)
}, 60_000)

test('history holds six apps on three hosts with moves, restarts, an OOM kill and every kind of line', async () => {
  await using played = await history(1)
  const containers: { host: string; app: string; oom: boolean; restarts: number; running: boolean }[] = []
  for (const host of played.hosts) {
    const docker = new Docker({ socketPath: host.engine.options.socketPath })
    for (const { Id, Labels } of await docker.listContainers({ all: true })) {
      const { State, RestartCount } = await docker.getContainer(Id).inspect()
      const { 'com.docker.swarm.service.name': service, 'com.docker.compose.service': name } = Labels
      const app = service ?? name ?? ''
      containers.push({
        host: host.name,
        app,
        oom: State.OOMKilled,
        restarts: RestartCount,
        running: State.Running
      })
    }
  }
  const running = containers.filter((container) => container.running)
  expect(running.map(({ app }) => app).sort()).toEqual([
    'mailer',
    'shop_login',
    'shop_orders',
    'shop_payments',
    'shop_web',
    'shop_web',
    'stock'
  ])
  const ranOn = new Set(containers.filter(({ app }) => app === 'shop_orders').map(({ host }) => host))
  expect(ranOn.size).toBeGreaterThan(1)
  expect(containers.some(({ app, oom }) => app === 'shop_payments' && oom)).toBe(true)
  expect(containers.some(({ app, restarts }) => app === 'stock' && restarts > 0)).toBe(true)

  const files = await logs(played.dir)
  const records = files.flatMap((text) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { log: string; time: string })
  )
  expect(records.length).toBeGreaterThan(20_000)
  const times = records.map(({ time }) => Date.parse(time))
  expect(Math.min(...times)).toBeGreaterThanOrEqual(NOW_MS - 2 * HOUR_MS)
  expect(Math.max(...times)).toBeLessThan(NOW_MS + 1000)
  const all = records.map(({ log }) => log).join('')
  for (const sign of [
    '用户登录成功',
    '\u001b[1;31m',
    'OutOfMemoryError',
    'goroutine ',
    'Traceback',
    'level=info',
    '"level":50',
    '" 502 ',
    'ECONNREFUSED'
  ]) {
    expect(all).toContain(sign)
  }
  expect(records.some(({ log }) => log.length === 16_384 && !log.endsWith('\n'))).toBe(true)
  const [, trace = '-'] = /"trace_id":"([0-9a-f]{16})".*?order accepted/.exec(all) ?? []
  expect(files.filter((text) => text.includes(trace)).length).toBeGreaterThanOrEqual(3)
}, 60_000)

test('live goes on from there and ends when it is told to', async () => {
  await using played = await history(2, Date.now(), 10_000)
  const before = (await logs(played.dir)).join('').length
  await played.live(AbortSignal.timeout(1500))
  expect((await logs(played.dir)).join('').length).toBeGreaterThan(before)
})

test('a folder whose path is too long for a socket is refused with the way out', async () => {
  const dir = join(tmpdir(), 'x'.repeat(100))
  await expect(openPlay({ dir, seed: 1, historyMs: 0, nowMs: NOW_MS })).rejects.toMatchObject({
    code: 'DRIFTLOG_DEMO_FOLDER'
  })
})

async function history(seed: number, nowMs = NOW_MS, historyMs = 2 * HOUR_MS) {
  const dir = await mkdtemp(join(tmpdir(), 'driftlog-play-'))
  const play = await openPlay({ dir, seed, historyMs, nowMs })
  await play.history(() => {}, new AbortController().signal)
  return {
    dir,
    hosts: play.hosts,
    live: play.live,
    async [Symbol.asyncDispose]() {
      await play[Symbol.asyncDispose]()
      await rm(dir, { recursive: true, force: true })
    }
  }
}

/** The texts of all log files, by their path. */
async function logs(dir: string): Promise<string[]> {
  const paths = (await readdir(dir, { recursive: true })).filter((path) => /-json\.log/.test(path)).sort()
  return Promise.all(paths.map((path) => readFile(join(dir, path), 'utf8')))
}
