import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { findCgroup, readCgroup } from '../../../agent/stats/cgroup.ts'

const root = mkdtempSync(join(tmpdir(), 'driftlog-cgroup-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const ID = '4f2d'.repeat(16)
const GIB = 1024 ** 3

/** A folder of files as the kernel shows them. */
function tree(name: string, files: Record<string, string>): string {
  const folder = join(root, name)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

/** As systemd lays out version 2; values of a real Debian 12 host. */
const SCOPE = `system.slice/docker-${ID}.scope`
const V2 = {
  'cgroup.controllers': 'cpuset cpu io memory hugetlb pids rdma misc\n',
  [`${SCOPE}/cpu.stat`]:
    'usage_usec 5280210\nuser_usec 4010100\nsystem_usec 1270110\ncore_sched.force_idle_usec 0\nnr_periods 120\nnr_throttled 30\nthrottled_usec 450000\nnr_bursts 0\nburst_usec 0\n',
  [`${SCOPE}/cpu.max`]: '150000 100000\n',
  [`${SCOPE}/memory.current`]: '104857600\n',
  [`${SCOPE}/memory.max`]: '536870912\n',
  [`${SCOPE}/memory.swap.current`]: '4096\n',
  [`${SCOPE}/memory.stat`]:
    'anon 62914560\nfile 33554432\nkernel 2097152\ninactive_anon 0\nactive_anon 62914560\ninactive_file 25165824\nactive_file 8388608\n',
  [`${SCOPE}/memory.events`]: 'low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\noom_group_kill 0\n',
  [`${SCOPE}/pids.current`]: '17\n',
  [`${SCOPE}/pids.max`]: 'max\n',
  [`${SCOPE}/io.stat`]:
    '259:0 rbytes=8192 wbytes=4096 rios=2 wios=1 dbytes=0 dios=0\n8:16 \n254:0 rbytes=1000 wbytes=500 rios=1 wios=1 dbytes=0 dios=0\n'
}

test('version 2: everything that the files hold, in the units of the protocol', () => {
  const cgroupDir = tree('v2', V2)
  const found = findCgroup(ID, undefined, { cgroupDir, procDir: join(root, 'nowhere') })
  expect(found).toEqual({ kind: 'v2', folder: join(cgroupDir, SCOPE) })
  expect(found && readCgroup(found, 8 * GIB)).toEqual({
    counters: {
      cpuUs: 5_280_210,
      cpuUserUs: 4_010_100,
      cpuSystemUs: 1_270_110,
      cpuPeriods: 120,
      throttledPeriods: 30,
      throttledUs: 450_000,
      readBytes: 9192,
      writeBytes: 4596,
      readOps: 3,
      writeOps: 2
    },
    gauges: {
      cpus: 1.5,
      // 104857600 in use, of which 25165824 are cache that could go at once.
      memoryBytes: 79_691_776,
      memoryLimitBytes: 536_870_912,
      memoryCacheBytes: 33_554_432,
      memoryRssBytes: 62_914_560,
      swapBytes: 4096,
      pids: 17,
      oomKills: 1
    }
  })
})

test('version 2: no limit is the memory of the host, and missing controllers are absent', () => {
  const cgroupDir = tree('v2-bare', {
    'cgroup.controllers': 'cpu\n',
    [`docker/${ID}/cpu.stat`]: 'usage_usec 18446744073709551615\nuser_usec x\n',
    [`docker/${ID}/cpu.max`]: 'max 100000\n',
    [`docker/${ID}/memory.current`]: '100\n',
    [`docker/${ID}/memory.max`]: 'max\n',
    [`docker/${ID}/memory.stat`]: 'inactive_file 200\n',
    [`docker/${ID}/io.stat`]: ''
  })
  const found = findCgroup(ID, undefined, { cgroupDir, procDir: root })
  expect(found && readCgroup(found, 8 * GIB)).toEqual({
    counters: { cpuUs: 2 ** 64, readBytes: 0, writeBytes: 0, readOps: 0, writeOps: 0 },
    // As docker stats: cache that is larger than the use is not taken off.
    gauges: { memoryBytes: 100, memoryLimitBytes: 8 * GIB }
  })
})

const place = `docker/${ID}`
const V1 = {
  [`cpu,cpuacct/${place}/cpuacct.usage`]: '20000000123456\n',
  [`cpu,cpuacct/${place}/cpuacct.stat`]: 'user 150\nsystem 50\n',
  [`cpu,cpuacct/${place}/cpu.stat`]: 'nr_periods 100\nnr_throttled 25\nthrottled_time 1500000000\n',
  [`cpu,cpuacct/${place}/cpu.cfs_quota_us`]: '-1\n',
  [`cpu,cpuacct/${place}/cpu.cfs_period_us`]: '100000\n',
  [`memory/${place}/memory.usage_in_bytes`]: '50331648\n',
  [`memory/${place}/memory.limit_in_bytes`]: '9223372036854771712\n',
  [`memory/${place}/memory.stat`]:
    'cache 20\nrss 30\ninactive_file 1\ntotal_cache 12582912\ntotal_rss 37748736\ntotal_inactive_file 8388608\ntotal_swap 0\n',
  [`memory/${place}/memory.oom_control`]: 'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n',
  [`pids/${place}/pids.current`]: '5\n',
  [`pids/${place}/pids.max`]: '200\n',
  [`blkio/${place}/blkio.throttle.io_service_bytes_recursive`]:
    '8:0 Read 4096\n8:0 Write 8192\n8:0 Sync 12288\n8:0 Async 0\n8:0 Discard 0\n8:0 Total 12288\n8:16 Read 1\nTotal 12289\n',
  [`blkio/${place}/blkio.throttle.io_serviced_recursive`]: '8:0 Read 1\n8:0 Write 2\nTotal 3\n',
  [`blkio/${place}/blkio.bfq.io_service_bytes_recursive`]: 'Total 0\n'
}

test('version 1: each controller in its own folder, several in one mount, and no limit as a huge number', () => {
  const cgroupDir = tree('v1', V1)
  const found = findCgroup(ID, undefined, { cgroupDir, procDir: root })
  expect(found?.kind).toBe('v1')
  expect(found && readCgroup(found, 4 * GIB)).toEqual({
    counters: {
      cpuUs: 20_000_000_123,
      cpuUserUs: 1_500_000,
      cpuSystemUs: 500_000,
      cpuPeriods: 100,
      throttledPeriods: 25,
      throttledUs: 1_500_000,
      readBytes: 4097,
      writeBytes: 8192,
      readOps: 1,
      writeOps: 2
    },
    gauges: {
      memoryBytes: 50_331_648 - 8_388_608,
      memoryLimitBytes: 4 * GIB,
      memoryCacheBytes: 12_582_912,
      memoryRssBytes: 37_748_736,
      swapBytes: 0,
      pids: 5,
      pidsLimit: 200,
      oomKills: 3
    }
  })
})

test('version 1 without pids and blkio: what is not mounted is absent', () => {
  const some = Object.entries(V1).filter(([path]) => !/^(pids|blkio)/.test(path))
  const cgroupDir = tree('v1-some', Object.fromEntries(some))
  const found = findCgroup(ID, undefined, { cgroupDir, procDir: root })
  const reading = found && readCgroup(found, undefined)
  expect(reading?.counters).not.toHaveProperty('readBytes')
  expect(reading?.gauges).not.toHaveProperty('pids')
  // Nobody knows how much memory the host has.
  expect(reading?.gauges).not.toHaveProperty('memoryLimitBytes')
})

test('a group elsewhere is found by its process, also through a namespace, and only where it is the container’s', () => {
  const odd = `kubepods.slice/pod7/cri-containerd-${ID}.scope`
  const cgroupDir = tree('v2-odd', {
    'cgroup.controllers': 'cpu\n',
    [`${odd}/cpu.stat`]: 'usage_usec 7\n',
    [`${odd}/memory.current`]: '1\n',
    'other/cpu.stat': 'usage_usec 9\n'
  })
  const procDir = tree('proc', {
    '31/cgroup': `0::/${odd}/inner\n`,
    '32/cgroup': `0::/../../${odd}\n`,
    '33/cgroup': '0::/other\n'
  })
  for (const pid of [31, 32]) {
    expect(findCgroup(ID, pid, { cgroupDir, procDir })).toEqual({ kind: 'v2', folder: join(cgroupDir, odd) })
  }
  expect(findCgroup(ID, 33, { cgroupDir, procDir })).toBeUndefined()
  expect(findCgroup(ID, 34, { cgroupDir, procDir })).toBeUndefined()
})

test('a group that is gone, or a link into nowhere, reads as nothing', () => {
  const cgroupDir = tree('gone', { 'cgroup.controllers': 'cpu\n' })
  mkdirSync(join(cgroupDir, 'docker'))
  symlinkSync('/nowhere', join(cgroupDir, 'docker', ID))
  expect(findCgroup(ID, undefined, { cgroupDir, procDir: root })).toBeUndefined()
  expect(readCgroup({ kind: 'v2', folder: '/nowhere' }, 1)).toBeUndefined()
  expect(readCgroup({ kind: 'v1', folders: { memory: '/nowhere' } }, 1)).toBeUndefined()
})
