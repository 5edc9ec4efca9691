import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Inspected } from '../../../agent/docker/engine.ts'
import { deviceOf, readMounts } from '../../../agent/sources/mountinfo.ts'
import { locate } from '../../../agent/sources/root.ts'

const folder = mkdtempSync(join(tmpdir(), 'driftlog-root-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const ID = 'c0ffee'.repeat(10).padEnd(64, '0')

function inspected(more: Partial<Inspected>, pid = 0): Inspected {
  return {
    ...{ Id: ID, Name: '/app', Created: '', Image: '', Config: { Image: 'x' } },
    State: { Status: pid ? 'running' : 'exited', Running: pid > 0, Pid: pid },
    HostConfig: { LogConfig: { Type: 'json-file' } },
    ...more
  }
}

function view(hostRoot = '') {
  return { hostRoot, procDir: join(folder, 'proc'), rootDir: '/var/lib/docker' }
}

function process(pid: number, mountinfo: string, cgroup = `0::/system.slice/docker-${ID}.scope`): void {
  mkdirSync(join(folder, 'proc', String(pid)), { recursive: true })
  writeFileSync(join(folder, 'proc', String(pid), 'cgroup'), `${cgroup}\n`)
  writeFileSync(join(folder, 'proc', String(pid), 'mountinfo'), mountinfo)
}

const OVERLAY =
  '131 102 0:39 / / rw,relatime master:6 - overlay overlay rw,lowerdir=/snap/2/fs:/snap/1/fs,upperdir=/snap/3\\040a/fs,workdir=/snap/3/work\n' +
  '140 131 0:52 / /run rw,nosuid - tmpfs tmpfs rw,size=65536k\n'

test('overlay2 says where its upper folder is, below the host’s root where that is elsewhere', () => {
  const Data = { UpperDir: '/var/lib/docker/overlay2/x/diff', LowerDir: '/l/b:/l/a' }
  const found = inspected({ GraphDriver: { Name: 'overlay2', Data } })
  expect(locate(found, view()).root).toMatchObject({
    upper: { host: '/var/lib/docker/overlay2/x/diff', dev: undefined },
    lowers: ['/l/b', '/l/a']
  })
  expect(locate(found, view('/host')).root).toMatchObject({
    upper: { host: '/host/var/lib/docker/overlay2/x/diff' },
    lowers: ['/host/l/b', '/host/l/a']
  })
})

test('vfs keeps a container’s files in a folder of another name', () => {
  const layer = 'ab'.repeat(32)
  const at = join(folder, 'var/lib/docker/image/vfs/layerdb/mounts', ID)
  mkdirSync(at, { recursive: true })
  writeFileSync(join(at, 'mount-id'), layer)
  const found = inspected({ GraphDriver: { Name: 'vfs', Data: null } })
  expect(locate(found, view(folder)).root?.upper.host).toBe(`${folder}/var/lib/docker/vfs/dir/${layer}`)
})

test('an engine that does not say it is helped by the container’s process', () => {
  process(41, OVERLAY)
  const { root, missing } = locate(inspected({}, 41), view('/host'))
  expect(root).toMatchObject({
    upper: { host: '/host/snap/3 a/fs', dev: undefined },
    lowers: ['/host/snap/2/fs', '/host/snap/1/fs']
  })
  expect(missing).toEqual([])
  process(42, '131 102 0:47 /@c/1 / rw - btrfs /dev/sda1 rw,subvol=/@c/1\n')
  expect(locate(inspected({}, 42), view()).root?.upper).toEqual({
    host: join(folder, 'proc/42/root'),
    dev: 47
  })
})

test('a process that has got the number meanwhile is not asked', () => {
  process(43, OVERLAY, '0::/system.slice/sshd.service')
  const { root, missing } = locate(inspected({}, 43), view())
  expect([root, missing.length]).toEqual([undefined, 1])
  expect(missing[0]).toContain('DRIFTLOG_PROC_DIR')
})

test('mounts: of the host, and in memory as long as the container runs', () => {
  process(44, OVERLAY)
  const more: Partial<Inspected> = {
    GraphDriver: { Name: 'overlay2', Data: { UpperDir: '/u' } },
    Mounts: [
      { Type: 'volume', Source: '/var/lib/docker/volumes/v/_data', Destination: '/data/' },
      { Type: 'tmpfs', Source: '', Destination: '/cache' }
    ],
    HostConfig: { LogConfig: { Type: 'json-file' }, Tmpfs: { '/run': '' } }
  }
  const { root, missing } = locate(inspected(more, 44), view('/host'))
  expect(Object.fromEntries(root?.mounts ?? [])).toEqual({
    '/data': { host: '/host/var/lib/docker/volumes/v/_data', dev: undefined },
    '/run': { host: join(folder, 'proc/44/root/run'), dev: 52 }
  })
  expect(missing).toEqual([expect.stringContaining('/cache is in memory')])
  expect(locate(inspected(more), view()).missing).toEqual([])
})

test('what is mounted is read as the kernel writes it', () => {
  expect(readMounts(OVERLAY).map(({ at, upper }) => [at, upper])).toEqual([
    ['/', '/snap/3 a/fs'],
    ['/run', undefined]
  ])
  expect(readMounts('nonsense\n\n36 35 98:0 /')).toEqual([])
  expect(
    [
      { major: 254, minor: 0 },
      { major: 0, minor: 300 }
    ].map(deviceOf)
  ).toEqual([65_024, 1_048_620])
})
