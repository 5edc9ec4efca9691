import { access, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { StatusAnswer } from '../../server/api/status.ts'
import { startPretendedEngine } from '../../server/demo/engine.ts'
import type { DeploysAnswer } from '../../server/deploys/deploy-api.ts'
import { command, type Running, startCommand } from '../server/cli/command.ts'
import { isClustered } from './engine.ts'

const PATIENCE = { timeout: 240_000 }

test(
  'up reads the containers of an engine; search, tail and status answer; Ctrl-C closes in order',
  PATIENCE,
  async () => {
    await using folder = await tempFolder()
    const socketPath = join(folder.path, 'docker.sock')
    await using engine = await startPretendedEngine({
      socketPath,
      dir: join(folder.path, 'docker'),
      id: 'E',
      name: 'host-1'
    })
    const id = engine.run({ name: 'shop-orders-1', image: 'orders:1', labels: { 'driftlog.app': 'orders' } })
    engine.write(id, 'stdout', 'level=error msg="first line"\nlevel=info msg="second line"\n')
    const data = join(folder.path, 'data')
    await using up = startCommand(['up', '--port', '0', '--data', data, '--socket', socketPath], {
      DRIFTLOG_AGENT_PORT: '0'
    })
    const hub = await addressOf(up)

    const found = await until(
      () => command(['search', 'level>=error', '-a', 'orders', '--hub', hub]),
      ({ code }) => code === 0
    )
    expect(found.stdout).toMatch(/ ERROR host-1 {2}level=error msg="first line"\n$/)
    const status = await command(['status', '--json', '--hub', hub])
    expect(JSON.parse(status.stdout)).toMatchObject({
      status: { demo: false, open: true },
      hosts: [{ name: 'host-1', live: true }],
      apps: [{ app: 'orders', records: 2 }]
    })
    expect((await command(['status', '--hub', hub])).stdout).toMatch(/^HOST .*\nhost-1 +live/m)

    await using tail = startCommand(['tail', 'orders', '--json', '--lines', '1', '--hub', hub])
    await tail.said(/second line/)
    // The agent dies; it is started again, and goes on where the hub says.
    const [agent] = await childrenOf(up.child.pid)
    expect(agent).toBeDefined()
    if (agent !== undefined) process.kill(agent, 'SIGKILL')
    engine.write(id, 'stdout', 'third line\n')
    await up.said(/the agent ended \(SIGKILL\); it is started again/)
    await tail.said(/third line/)
    expect(
      tail
        .stdout()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).text)
    ).toEqual(['level=info msg="second line"', 'third line'])
    tail.child.kill('SIGINT')
    expect((await tail.ended).code).toBe(0)

    const secret = (await readFile(join(data, 'tokens', 'join'), 'utf8')).trim()
    for (const pid of [up.child.pid, ...(await childrenOf(up.child.pid))]) {
      expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(secret)
    }
    const children = await childrenOf(up.child.pid)
    up.child.kill('SIGINT')
    expect(await up.ended).toMatchObject({ code: 0 })
    for (const pid of children) await expect(access(`/proc/${pid}`)).rejects.toThrow()
    expect(await command(['search', 'x', '--hub', hub])).toMatchObject({ code: 3 })
    const checked = await command(['check', data])
    // Of a folder that holds no records this is told, too.
    expect(checked, checked.stderr).toMatchObject({ code: isClustered ? 1 : 0 })
  }
)

test(
  'up without an engine says why and what to do, and plays a fleet in a folder of its own',
  PATIENCE,
  async () => {
    await using folder = await tempFolder()
    const data = join(folder.path, 'data')
    await using up = startCommand(
      ['up', '--port', '0', '--data', data, '--socket', join(folder.path, 'none.sock')],
      { TMPDIR: folder.path }
    )
    const hub = await addressOf(up)
    await up.said(/none\.sock: there is no such file/)
    await up.said(/not installed: https:\/\/docs\.docker\.com\/engine\/install\//)
    const [played] = (await readdir(folder.path)).filter((name) => name.startsWith('driftlog-demo-'))
    expect(played).toBeDefined()
    const status = await fetch(`${hub}/api/status`).then((answer) => answer.json() as Promise<StatusAnswer>)
    expect(status).toMatchObject({ demo: true, demoReason: expect.stringContaining('none.sock') })
    await until(
      () => command(['search', 'OutOfMemoryError', '--from', 'now-6h', '--hub', hub]),
      ({ code }) => code === 0
    )
    const told = await until(
      () => command(['status', '--json', '--hub', hub]),
      ({ stdout }) => JSON.parse(stdout).apps.length === 6
    )
    const { hosts, apps } = JSON.parse(told.stdout)
    expect(hosts.map(({ name }: { name: string }) => name).sort()).toEqual(['berlin-1', 'berlin-2', 'oslo-1'])
    expect([...hosts, ...apps].every(({ pretended }: { pretended: boolean }) => pretended)).toBe(true)
    // Deploys by the real hub and agents: one well, one that takes itself back, one that waits for a person.
    const deploys = async () =>
      ((await fetch(`${hub}/api/deploys`).then((answer) => answer.json())) as DeploysAnswer).deploys
    const [waiting, bad, good] = await until(deploys, ([last]) => last?.environment === 'production')
    expect([waiting, bad, good].map((deploy) => deploy?.state)).toEqual([
      'waiting',
      'rolled-back',
      'succeeded'
    ])
    expect(bad?.why).toContain('template order-paid.html is missing')
    // The line is written in colours.
    expect(bad?.why).not.toContain('\u001b')
    expect(good?.slots).toMatchObject([{ kind: 'add', state: 'new' }])
    await fetch(`${hub}/api/deploys/${waiting?.id}/approve`, { method: 'POST' })
    await until(deploys, ([last]) => last?.state === 'succeeded')
    await using engine = await startPretendedEngine({
      socketPath: join(folder.path, 'none.sock'),
      dir: folder.path,
      id: 'E',
      name: 'host-1'
    })
    await up.said(/answers now: end this with Ctrl-C and start again/)
    await engine.close()
    up.child.kill('SIGTERM')
    expect(await up.ended).toMatchObject({ code: 0 })
    expect((await readdir(folder.path)).filter((name) => /^(driftlog-demo|data)/.test(name))).toEqual([])
  }
)

test('up over a folder whose hub keeps its records elsewhere plays no fleet', PATIENCE, async () => {
  await using folder = await tempFolder()
  const socket = join(folder.path, 'none.sock')
  // What such a hub leaves there.
  await mkdir(join(folder.path, 'stats'))
  await using up = startCommand(['up', '--port', '0', '--data', folder.path, '--socket', socket], {
    DRIFTLOG_AGENT_PORT: '0',
    DRIFTLOG_STORE: 'memory'
  })
  await up.said(/The agent waits for it/)
  expect(up.stderr()).not.toContain('played fleet')
  await addressOf(up)
  up.child.kill('SIGINT')
  expect(await up.ended).toMatchObject({ code: 0 })
})

test('where tokens are demanded: none ends with 4, the hub’s own machine has one', PATIENCE, async () => {
  await using folder = await tempFolder()
  await using running = startCommand([
    'hub',
    '--port',
    '0',
    '--data',
    folder.path,
    '--public-url',
    'http://logs.example'
  ])
  await running.said(/listens on/)
  await running.said(/Tokens are demanded/)
  const [, port] = await running.said(/127\.0\.0\.1:(\d+)/)
  const hub = `http://127.0.0.1:${port}`
  const tokenFile = join(folder.path, 'tokens', 'read')
  const [none, file, variable, own] = await Promise.all([
    command(['status', '--hub', hub], { DRIFTLOG_DATA_DIR: '/nowhere' }),
    command(['status', '--hub', hub, '--token-file', tokenFile]),
    command(['status', '--hub', hub], { DRIFTLOG_TOKEN: 'wrong' }),
    command(['status', '--hub', hub], { DRIFTLOG_DATA_DIR: folder.path })
  ])
  expect(none).toMatchObject({ code: 4, stderr: expect.stringContaining('DRIFTLOG_TOKEN_MISSING') })
  expect(file).toMatchObject({ code: 0 })
  expect(variable).toMatchObject({ code: 4, stderr: expect.stringContaining('DRIFTLOG_TOKEN_UNKNOWN') })
  expect(own).toMatchObject({ code: 0 })
  running.child.kill('SIGTERM')
  expect((await running.ended).code).toBe(0)
})

async function addressOf(program: Running): Promise<string> {
  const [, address = ''] = await program.said(/page +(http:\/\/\S+)/)
  return address
}

async function until<T>(ask: () => Promise<T>, enough: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (enough(answer)) return answer
    await sleep(200)
  }
}

async function childrenOf(pid: number | undefined): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(/\s+/).filter(Boolean).map(Number)
}

async function tempFolder() {
  const path = await mkdtemp(join(tmpdir(), 'dl-cli-'))
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true })
  }
}
