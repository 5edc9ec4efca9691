/** The image, built as people build it, and hub and agent in it as compose.yaml runs them, without Zabbix and Grafana. */
import { execFile } from 'node:child_process'
import { readdir, readFile, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { countLines, PERFECT } from '../../system/lines.ts'
import { Hub } from '../../system/programs.ts'
import { readCompose } from './compose.ts'
import { dockerHost, HUB_ADDRESS } from './hosts.ts'
import { openWayOut } from './way-out.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const IMAGE = 'driftlog:tested'
const PORT = 7400
const host = dockerHost(1)
const docker = host.docker
const compose = readCompose(`${ROOT}compose.yaml`, {
  names: ['hub', 'agent', 'dashboards'],
  env: { DRIFTLOG_IMAGE: IMAGE, DRIFTLOG_PUBLISH: String(PORT) },
  sources: { '/var/run/docker.sock': host.socket, '/var/lib/docker': host.data },
  targets: { '/var/lib/docker': host.data }
})
const hubThere = serviceOf('hub')
const agentThere = serviceOf('agent')
const hub = new Hub({
  dataDir: `${host.data}/volumes/driftlog_data/_data`,
  host: host.address,
  port: PORT
})

beforeAll(async () => {
  await host.base()
  await build()
  for (const network of compose.networks) await docker('network', 'create', network)
  // The other way round than people would: the agent waits for the token, then for the hub.
  await docker(...agentThere.run)
  await docker(...hubThere.run)
  await until(ready)
})

afterAll(async () => {
  const left = await docker('ps', '-aq')
  if (left) await docker('rm', '-f', '-v', ...left.split('\n'))
  for (const network of compose.networks) await docker('network', 'rm', network)
  await docker('volume', 'rm', ...compose.volumes)
})

test('logs of the other containers arrive, every line once; its own does not', async () => {
  const writers = ['first', 'second']
  const LINES = 20_000
  for (const writer of writers) {
    const logOptions = { 'max-size': '500k', 'max-file': '5' }
    const command = ['sh', '-c', `sleep 1; ${steadily(writer, LINES)}`]
    await docker('wait', await host.run({ name: writer, logOptions, command }))
  }
  for (const writer of writers) await everyLine(writer, LINES)

  const { hosts } = await hub.get<{ hosts: { name: string; live: boolean; losses: number }[] }>('/api/hosts')
  expect(hosts).toMatchObject([{ name: 'host-1', live: true, losses: 0 }])
  const { instances } = await hub.get<{ instances: { containerName: string; unread?: string }[] }>(
    '/api/instances'
  )
  const own = instances.find(({ containerName }) => containerName === agentThere.container)
  expect(own?.unread).toBe('the agent’s own log')
  expect(await hub.total({ app: 'agent' })).toBe(0)
  expect(await hub.total({ app: 'hub' })).toBeGreaterThan(0)
})

test('the agent may read what others own, and nothing else of root; the hub may nothing', async () => {
  expect(await statusOf(agentThere.container)).toEqual({
    Uid: '0',
    CapEff: '0000000000000004',
    CapBnd: '0000000000000004',
    NoNewPrivs: '1'
  })
  expect(await statusOf(hubThere.container)).toEqual({
    Uid: '7400',
    CapEff: '0000000000000000',
    CapBnd: '0000000000000000',
    NoNewPrivs: '1'
  })
  for (const { container } of [hubThere, agentThere]) {
    await expect(docker('exec', container, 'touch', '/opt/driftlog/x')).rejects.toThrow(
      'Read-only file system'
    )
    await docker('exec', container, 'touch', '/tmp/x')
  }
})

test('agent and hub are stopped and started while an app writes: they end in order, every line is there once', async () => {
  const LINES = 30_000
  const container = await host.run({ name: 'steady', command: ['sh', '-c', steadily('steady', LINES)] })
  for (const stopped of [agentThere, hubThere, agentThere]) {
    await sleep(1000)
    await docker('stop', stopped.container)
    expect(await docker('inspect', '--format', '{{.State.ExitCode}}', stopped.container)).toBe('0')
    await sleep(1000)
    await docker('start', stopped.container)
  }
  await docker('kill', '--signal', 'KILL', agentThere.container)
  await docker('start', agentThere.container)
  await docker('wait', container)
  await everyLine('steady', LINES)
  const { hosts } = await hub.get<{ hosts: { name: string }[] }>('/api/hosts')
  expect(hosts).toHaveLength(1)
})

test('files that an app writes inside its container arrive like its log, whoever may read them there', async () => {
  const LINES = 5000
  const line = (writer: string) => `echo "counted ${writer} $i $(((i*7919+13)%100003)) as the app goes along"`
  const each = `${line('inside')} >>/app/logs/own.log; ${line('outside')}; i=$((i+1)); [ $((i%100)) -eq 0 ] && sleep 0.02`
  const command = `umask 077; mkdir -p /app/logs; >/app/logs/own.log; chown -R 1000:1000 /app; i=0; while [ $i -lt ${LINES} ]; do ${each}; done`
  const labels = { 'driftlog.files': '/app/logs/*.log' }
  const id = await host.run({ name: 'keeper', labels, command: ['sh', '-c', `${command}; sleep 1000`] })
  expect(await hub.settled({ app: 'keeper' }, 2 * LINES)).toBe(2 * LINES)
  await docker('rm', '-f', id)
  const texts: string[] = []
  for await (const text of hub.texts({ app: 'keeper' })) texts.push(text)
  const expected = new Map([
    ['inside', LINES],
    ['outside', LINES]
  ])
  for (const [writer, count] of countLines(texts, expected)) {
    expect(count, writer).toMatchObject({ ...PERFECT, lines: LINES })
  }
})

test('figures of host and containers come out of the mounted control groups', async () => {
  const latest = () => hub.get<{ hosts: Latest[]; instances: Latest[] }>('/api/stats/latest')
  const known = ({ values }: Latest) => (values['memory'] ?? 0) > 0 && values['cpu'] !== undefined
  await until(async () => {
    const { hosts, instances } = await latest()
    // A rate needs two samples. That they come from the groups and not from the engine is what the doctor says below.
    return hosts.some(known) && instances.filter(known).length >= 2
  })
  const { hosts } = await latest()
  expect(hosts[0]?.values['load1']).toBeDefined()
})

test('a container is removed while the agent has the folder of its files mounted', async () => {
  const id = await host.run({
    name: 'short',
    command: ['sh', '-c', `${steadily('short', 1000)}; sleep 1000`]
  })
  await everyLine('short', 1000)
  const upper = await docker('inspect', '--format', '{{.GraphDriver.Data.UpperDir}}', id)
  await docker('exec', agentThere.container, 'ls', upper)
  await docker('rm', '-f', id)
  await expect(docker('exec', agentThere.container, 'ls', upper)).rejects.toThrow('No such file')
})

test('the doctor finds nothing to mend here, and names the mounts that are missing elsewhere', async () => {
  const { ok, findings } = JSON.parse(
    await docker('exec', agentThere.container, 'driftlog', 'agent', 'doctor', '--json')
  ) as { ok: boolean; findings: { check: string; state: string; text: string }[] }
  expect(ok, JSON.stringify(findings)).toBe(true)
  for (const check of [
    'engine',
    'rights',
    'log files',
    'control groups',
    'state folder',
    'hub',
    'clock',
    'identity'
  ]) {
    expect(findings.find((finding) => finding.check === check)?.state, check).toBe('ok')
  }

  const socket = `type=bind,source=${host.socket},target=/var/run/docker.sock`
  const bare = ['run', '--rm', '--network', 'host', '--cap-drop', 'ALL', '--mount', socket]
  const asRoot = docker(...bare, '--user', '0:0', IMAGE, 'agent', 'doctor')
  const folder = `${host.data}/containers`
  await expect(asRoot).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringMatching(
      new RegExp(`-v ${folder}:${folder}:ro[^]*-v driftlog-agent:/var/lib/driftlog-agent`)
    )
  })
  const asNobody = docker(...bare, IMAGE, 'agent', 'doctor')
  await expect(asNobody).rejects.toMatchObject({ code: 1, stdout: expect.stringContaining('--group-add') })
})

test('dashboards are written where Grafana is to find them', async () => {
  const { container, run: words } = serviceOf('dashboards')
  await docker(...words)
  expect(await docker('wait', container)).toBe('0')
  const folder = `${host.data}/volumes/driftlog_grafana-files/_data/dashboards`
  expect((await readdir(folder)).sort()).toEqual(
    ['app', 'container', 'fleet', 'host', 'itself'].map((name) => `driftlog-${name}.json`)
  )
  const { uid, mode } = await stat(`${folder}/driftlog-fleet.json`)
  // Grafana is started as the same user, and reads a token there that nobody else may read.
  expect({ uid, mode: mode & 0o777 }).toEqual({ uid: 7400, mode: 0o644 })
  expect((await stat(`${folder}/..`)).uid).toBe(7400)
  expect(await readFile(`${folder}/driftlog-host.json`, 'utf8')).toContain('http://127.0.0.1:7400/-/-/logs')
})

test('both become healthy, and what they say can be read', async () => {
  for (const [name, { container }] of Object.entries({ hub: hubThere, agent: agentThere })) {
    await until(async () => (await healthOf(container)).Status === 'healthy')
    const { Log: log } = await healthOf(container)
    expect(log.at(-1)?.Output).toContain(`${name} answers 200`)
  }
  const silent = docker('run', '--rm', '--network', 'none', IMAGE, 'health', 'hub')
  await expect(silent).rejects.toMatchObject({ code: 1, stdout: expect.stringContaining('does not answer') })
})

/** BuildKit is no part of Debian's engine: the Dockerfile has to do without. */
async function build(): Promise<void> {
  await using wayOut = await openWayOut(HUB_ADDRESS)
  const args = ['BASE=node:local', `HTTPS_PROXY=${wayOut.url}`, 'VERSION=0.0.0-test']
  await run(
    'docker',
    [
      ...['-H', `unix://${host.socket}`, 'build', '--force-rm', '--network', 'host', '--tag', IMAGE],
      ...args.flatMap((arg) => ['--build-arg', arg]),
      ROOT
    ],
    { env: { ...process.env, DOCKER_BUILDKIT: '0' }, maxBuffer: 1 << 26 }
  )
  const [image] = JSON.parse(await docker('inspect', IMAGE)) as { Size: number; Config: { Labels: object } }[]
  const [base] = JSON.parse(await docker('inspect', 'node:local')) as { Size: number }[]
  expect(image?.Config.Labels).toMatchObject({ 'org.opencontainers.image.version': '0.0.0-test' })
  console.log(
    `the image adds ${((Number(image?.Size) - Number(base?.Size)) / 1e6).toFixed(1)} MB to its base`
  )
}

function serviceOf(name: string) {
  const service = compose.services[name]
  if (!service) throw new Error(`compose.yaml has no service "${name}"`)
  return service
}

/** Shell that prints numbered lines, a hundred at a time with a pause. */
function steadily(writer: string, lines: number): string {
  const line = `echo "counted ${writer} $i $(((i*7919+13)%100003)) as the app goes along"`
  return `i=0; while [ $i -lt ${lines} ]; do ${line}; i=$((i+1)); [ $((i%100)) -eq 0 ] && sleep 0.02; done`
}

async function everyLine(writer: string, lines: number): Promise<void> {
  expect(await hub.settled({ app: writer }, lines)).toBe(lines)
  const texts: string[] = []
  for await (const text of hub.texts({ app: writer })) texts.push(text)
  expect(countLines(texts, new Map([[writer, lines]])).get(writer)).toMatchObject({ ...PERFECT, lines })
}

async function statusOf(container: string): Promise<Record<string, string>> {
  const text = await docker('exec', container, 'cat', '/proc/1/status')
  const value = (key: string) => new RegExp(`^${key}:\\s+(\\S+)`, 'm').exec(text)?.[1] ?? ''
  return Object.fromEntries(['Uid', 'CapEff', 'CapBnd', 'NoNewPrivs'].map((key) => [key, value(key)]))
}

interface Latest {
  values: Record<string, number>
}

interface HealthState {
  Status: string
  Log: { Output: string }[]
}

async function healthOf(container: string): Promise<HealthState> {
  return JSON.parse(await docker('inspect', '--format', '{{json .State.Health}}', container)) as HealthState
}

/** The engine's proxy takes connections before the hub does, and may leave them hanging. */
async function ready(): Promise<boolean> {
  const answer = await fetch(`${hub.url}/readyz`, { signal: AbortSignal.timeout(1000) }).catch(
    () => undefined
  )
  return answer?.ok === true
}

/** The test's own time-out is the limit. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(100)
}
