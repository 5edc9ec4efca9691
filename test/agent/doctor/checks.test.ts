import { expect, test } from 'vitest'
import type { Engine, Inspected } from '../../../agent/docker/engine.ts'
import { checkControlGroups } from '../../../agent/doctor/control-groups.ts'
import { checkEngine } from '../../../agent/doctor/engine.ts'
import type { Finding } from '../../../agent/doctor/finding.ts'
import { checkJournal } from '../../../agent/doctor/journal.ts'
import { checkInotify, checkMemory, checkOpenFiles, checkRights } from '../../../agent/doctor/limits.ts'
import { type Asking, checkFiles, checkLogs } from '../../../agent/doctor/logs.ts'
import { checkState } from '../../../agent/doctor/state.ts'
import { type Described, machineWith } from './machine.ts'

const PLACES = { rootDir: '/var/lib/docker', containersDir: undefined, logAccess: 'files' as const }
const FOLDER = '/var/lib/docker/containers'
const none = new AbortController().signal

function container(more: { id?: string; driver?: string } = {}): Inspected {
  const { id = 'c1', driver = 'json-file' } = more
  return {
    Id: id,
    Name: `/${id}`,
    Created: '',
    Image: '',
    LogPath: `${FOLDER}/${id}/${id}-json.log`,
    State: { Status: 'running', Running: true, StartedAt: '2026-11-25T10:00:00Z' },
    Config: { Image: 'x:1', Labels: {} },
    HostConfig: { LogConfig: { Type: driver } }
  } as Inspected
}

const told = ({ state, text, remedies }: Finding) => `${state}: ${text} → ${remedies.join(' | ')}`

test.each([
  ['it can be read', { [FOLDER]: ['c1'], [`${FOLDER}/c1/c1-json.log`]: '' }, true, /^ok: .* 1 container /],
  ['a file that is not there yet is no problem', { [FOLDER]: [] }, true, /^ok/],
  [
    'not mounted',
    {},
    true,
    /^fail: .*not there.*-v \/var\/lib\/docker\/containers:\/var\/lib\/docker\/containers:ro, or set DRIFTLOG_CONTAINERS_DIR/
  ],
  ['elsewhere', {}, false, /^fail: .*DRIFTLOG_CONTAINERS_DIR/],
  [
    'closed, in a container',
    { [FOLDER]: { code: 'EACCES' } },
    true,
    /^fail: .*may not be read.*--cap-add DAC_READ_SEARCH$/
  ],
  ['closed, on the host', { [FOLDER]: { code: 'EACCES' } }, false, /^fail: .*run the agent as root/],
  [
    'a closed file',
    { [FOLDER]: ['c1'], [`${FOLDER}/c1/c1-json.log`]: { code: 'EACCES' } },
    true,
    /^fail: .*c1-json.log may not/
  ],
  ['broken', { [FOLDER]: { code: 'EIO' } }, true, /^fail: .*EIO/]
])('log files: %s', (_, files, inContainer, expected) => {
  const machine = machineWith({ files, inContainer, uid: 1000 })
  expect(told(checkLogs([container()], PLACES, machine))).toMatch(expected)
})

test('log files that cannot be seen are asked of the engine, unless files alone are wanted', () => {
  const machine = machineWith({ files: {}, inContainer: true })
  const check = (logAccess: 'auto' | 'api') =>
    told(checkLogs([container()], { ...PLACES, logAccess }, machine))
  expect(check('auto')).toMatch(/^warn: .*not there.*the engine is asked.*DRIFTLOG_CONTAINERS_DIR/)
  expect(check('api')).toMatch(/^ok: /)
})

test('files in containers: each place that is asked for must be found and seen', () => {
  const upper = '/var/lib/docker/overlay2/0a1b/diff'
  const volume = '/var/lib/docker/volumes/logs/_data'
  const asking = (mounts: [string, string][] = [], missing: string[] = []): Asking => ({
    name: 'app',
    files: {
      patterns: '/app/*.log;/logs/*.log',
      by: 'the label driftlog.files',
      locate: () => ({
        root: {
          upper: { host: upper, dev: undefined },
          lowers: [],
          mounts: new Map(mounts.map(([at, host]) => [at, { host, dev: undefined }]))
        },
        missing
      })
    }
  })
  const check = (all: Asking[], files: Described['files'], hostRoot = '') =>
    checkFiles(all, hostRoot, machineWith({ files: files ?? {}, inContainer: true })).map(told)
  const layers = '/var/lib/docker/overlay2'
  expect(checkFiles([], '', machineWith())).toEqual([])
  expect(check([asking()], { [upper]: ['app'] })).toEqual(['ok: those of 1 container can be read → '])
  expect(check([asking(), asking()], {})).toEqual([expect.stringContaining(`-v ${layers}:${layers}:ro`)])
  expect(check([asking()], { [upper]: { code: 'EACCES' } })[0]).toMatch(/--cap-add DAC_READ_SEARCH$/)
  const withVolume = asking([
    ['/logs', volume],
    ['/data', '/srv/data']
  ])
  expect(check([withVolume], { [upper]: [] })).toEqual([
    expect.stringMatching(/^warn: .*-v \/var\/lib\/docker\/volumes:\/var\/lib\/docker\/volumes:ro$/)
  ])
  expect(check([withVolume], { [upper]: [], [volume]: { code: 'ENOTDIR' } })[0]).toMatch(/^ok/)
  expect(check([asking([], ['/logs is in memory'])], { [upper]: [] })).toEqual([
    'warn: app: /logs is in memory → '
  ])
})

test('files in containers: below the root of the host where that is elsewhere', () => {
  const upper = '/host/var/lib/docker/overlay2/0a1b/diff'
  const files = {
    patterns: '/app/*.log',
    by: '',
    locate: () => ({
      root: { upper: { host: upper, dev: undefined }, lowers: [], mounts: new Map() },
      missing: []
    })
  }
  const [finding] = checkFiles([{ name: 'app', files }], '/host', machineWith({ inContainer: true }))
  expect(finding?.remedies[0]).toContain('-v /var/lib/docker/overlay2:/host/var/lib/docker/overlay2:ro')
})

const ENGINE: Engine = {
  info: async () => ({
    ...{ id: 'E', name: 'host-1', version: '28.0.1', os: '', kernel: '', arch: '', cpus: 1, memoryBytes: 1 },
    ...{ rootDir: '/var/lib/docker', labels: [] }
  }),
  list: async () => [{ id: 'c1', state: 'running', status: 'Up', name: 'c1' }],
  inspect: async () => container(),
  logs: () => Promise.reject(new Error('no logs')),
  stats: async () => undefined,
  events: async function* () {}
}

test('engine: it answers, is old, or why it does not', async () => {
  const check = async (engine: Engine, described = {}) => {
    const { findings, answered } = await checkEngine(engine, '/run/docker.sock', machineWith(described), none)
    return `${findings.map(told)} (${answered?.containers.length ?? 'no'} containers)`
  }
  const failing = (code: string): Engine => ({
    ...ENGINE,
    info: () => Promise.reject(Object.assign(new Error(code), { code }))
  })
  const old = async (signal: AbortSignal) => ({ ...(await ENGINE.info(signal)), version: '17.06.0-ce' })
  expect(await check(ENGINE)).toMatch(/^ok: host-1, version 28.0.1, .*\(1 containers\)$/)
  expect(await check({ ...ENGINE, info: old })).toMatch(/^warn: .*older.*update Docker/)
  expect(await check(failing('ENOENT'), { inContainer: true })).toMatch(
    /^fail: .*no such file.*-v \/run\/docker.sock:\/run\/docker.sock:ro/
  )
  expect(await check(failing('ENOENT'))).toMatch(/not installed/)
  expect(await check(failing('ECONNREFUSED'))).toMatch(/nothing listens there.*→ not running/)
  expect(await check(failing('EACCES'), { uid: 1000 })).toMatch(/this user may not use it.*sudo/)
  expect(await check(failing('EACCES'), { inContainer: true })).toMatch(/--group-add/)
  const remote = await checkEngine(failing('ECONNREFUSED'), 'http://10.0.0.9:2375', machineWith({}), none)
  expect(remote.findings.map(told)[0]).toMatch(/DOCKER_HOST/)
  expect(await check(failing('EOTHER'))).toMatch(/^fail: .*EOTHER/)
})

const STATE = '/var/lib/driftlog-agent'
const JSON_FILE = `${STATE}/agent.json`
const MOUNTED = `30 20 8:1 /x ${STATE} rw - ext4 /dev/vda rw\n`

test.each([
  ['new', { files: { '/var/lib': [] } }, /^ok: .*has not joined a hub yet/],
  ['joined', { files: { [STATE]: [], [JSON_FILE]: '{"host":"h1","key":"k"}' } }, /^ok: .*this is host h1/],
  ['in use', { files: { [STATE]: [] }, running: true }, /^ok: .*an agent runs on it now/],
  ['damaged', { files: { [STATE]: [], [JSON_FILE]: '{"host":' } }, /^fail: .*damaged → remove/],
  ['of another shape', { files: { [STATE]: [], [JSON_FILE]: '{}' } }, /^fail: .*damaged/],
  ['closed', { files: { [STATE]: [], [JSON_FILE]: { code: 'EACCES' } } }, /^fail: .*can't be read/],
  [
    'read-only',
    { files: { '/var': [] }, readOnly: 'EROFS' },
    /^fail: \/var can't .*read-only.*DRIFTLOG_STATE_DIR/
  ],
  [
    'not allowed',
    { files: {}, readOnly: 'EACCES', inContainer: true },
    /^fail: .*this user may not.*-v driftlog-agent/
  ],
  [
    'not mounted',
    { files: { [STATE]: [] }, inContainer: true },
    /^warn: .*dies with this container.*-v driftlog-agent/
  ],
  ['mounted', { files: { [STATE]: [], '/proc/self/mountinfo': MOUNTED }, inContainer: true }, /^ok/]
])('state folder: %s', async (_, described, expected) => {
  const { findings } = await checkState(STATE, machineWith(described))
  expect(findings.map(told).join('\n')).toMatch(expected)
})

test('disk: little space is told', async () => {
  const { findings } = await checkState(STATE, machineWith({ files: { [STATE]: [] }, freeBytes: 1024 ** 2 }))
  expect(findings.map(told)[1]).toMatch(/^warn: 1 MiB are free.*free some space/)
})

const limits = (hard: string) => ({
  '/proc/self/limits': `Max open files            1024     ${hard}     files\n`
})

test('limits of open files, watches and memory', () => {
  const files = (hard: string, containers: number, inContainer = false) =>
    told(checkOpenFiles(containers, machineWith({ files: limits(hard), inContainer })))
  expect(files('1048576', 50)).toMatch(/^ok/)
  expect(files('unlimited', 50)).toMatch(/^ok/)
  expect(files('1024', 50)).toMatch(/^warn: .*LimitNOFILE=65536/)
  expect(files('256', 50, true)).toMatch(/^fail: .*--ulimit nofile=65536/)
  expect(told(checkOpenFiles(50, machineWith()))).toMatch(/^ok: .*not known/)

  const inotify = (watches: string, instances: string) =>
    told(
      checkInotify(
        50,
        machineWith({
          files: {
            '/proc/sys/fs/inotify/max_user_watches': watches,
            '/proc/sys/fs/inotify/max_user_instances': instances
          }
        })
      )
    )
  expect(inotify('65536', '128')).toMatch(/^ok/)
  expect(inotify('500', '128')).toMatch(/^warn: .*max_user_watches=524288/)
  expect(inotify('65536', '2')).toMatch(/^warn: .*max_user_instances/)

  const memory = (limit: string, inContainer = true) =>
    told(checkMemory(machineWith({ files: { '/sys/fs/cgroup/memory.max': limit }, inContainer })))
  expect(memory('max')).toMatch(/^ok: 8192 MiB are in this machine/)
  expect(memory('268435456')).toMatch(/^ok: 256 MiB are what this container may use/)
  expect(memory('67108864')).toMatch(/^warn: .*--memory 256m/)
  expect(told(checkMemory(machineWith({ memoryBytes: 64 * 1024 ** 2 })))).toMatch(/^warn/)
})

test('rights: what matters is the capability, not the name of the user', () => {
  const rights = (bits: string, uid: number, inContainer = false) =>
    told(checkRights(machineWith({ files: { '/proc/self/status': `CapEff:\t${bits}\n` }, uid, inContainer })))
  expect(rights('000001ffffffffff', 0)).toMatch(/^ok: root/)
  expect(rights('0000000000000004', 7400)).toMatch(/^ok: user 7400/)
  expect(rights('0000000000000000', 0, true)).toMatch(/^warn: root, without.*--cap-add DAC_READ_SEARCH/)
  expect(rights('0000000000000000', 1000)).toMatch(/^warn: user 1000.*AmbientCapabilities/)
})

test('control groups: those of the containers can be read, or the engine is asked', () => {
  const groups = (
    seen: string[],
    containers = [container(), container({ id: 'c2' })],
    inContainer = true
  ) => {
    const find = (id: string) =>
      seen.includes(id) ? ({ kind: 'v2', folder: `/x/${id}` } as const) : undefined
    return told(
      checkControlGroups(containers, { cgroupDir: '/host/cgroup', find }, machineWith({ inContainer }))
    )
  }
  expect(groups(['c1', 'c2'])).toMatch(/^ok: v2; those of 2 containers can be read in \/host\/cgroup/)
  expect(groups(['c1'])).toMatch(
    /^warn: figures of 1 container are asked.*-v \/sys\/fs\/cgroup:\/host\/cgroup:ro/
  )
  expect(groups([], [container()], false)).toMatch(/^warn: .* → $/)
  expect(groups([], [])).toMatch(/^ok: no container runs/)
})

test('the journal: looked at only where containers log to it or units are asked for', () => {
  const check = (all: Inspected[], units: string | undefined, paths: string[], inContainer = true) =>
    checkJournal(
      all,
      { units, folder: undefined, path: '/bin:/usr/bin' },
      machineWith({ files: Object.fromEntries(paths.map((path) => [path, ''])), inContainer })
    ).map(told)
  const logging = [container({ driver: 'journald' })]
  const folder = '/run/log/journal'
  const program = '/usr/bin/journalctl'
  expect(check([container()], undefined, [])).toEqual([])
  expect(check(logging, undefined, [folder])).toEqual([
    expect.stringMatching(/^ok: it lies in .* 1 container wrote/)
  ])
  expect(check(logging, undefined, [])).toEqual([expect.stringMatching(/^ok: it is not to be seen/)])
  expect(check([], '*', [folder, program])).toEqual([expect.stringMatching(/^ok: .*read are \*/)])
  expect(check([], '*', [folder])).toEqual([expect.stringMatching(/^warn: .*journalctl is not here.*base/)])
  expect(check([], '*', [program])).toEqual([expect.stringMatching(/^warn: .*-v \/var\/log\/journal/)])
  expect(check([], '*', [], false)).toEqual([expect.stringMatching(/^warn: .*install journalctl/)])
})
