/** Stats: what looking at 50 containers costs an agent, and what a container's day costs the hub. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pino } from 'pino'
import type { InstanceFacts, StatsSample } from '../../agent/protocol.ts'
import { Sampler } from '../../agent/stats/sampler.ts'
import type { Sample } from '../../collector/stats/rows.ts'
import { openLmdbShelf, type Shelf } from '../../collector/stats/shelf.ts'
import { openStats } from '../../collector/stats/store.ts'
import { TIERS } from '../../collector/stats/tiers.ts'
import { Chance } from '../../server/demo/chance.ts'
import { type Bench, bar, type Row } from './row.ts'

const CONTAINERS = 50
const LOOKS = 200
const INTERVAL_MS = 10_000
const DAY_MS = 86_400_000
/** What is written of a day; the rest of it would be the same again. */
const PART = 1 / 12
/** Hosts of 50 containers whose day is written into the store. */
const BEGIN_MS = Math.floor(1_795_428_000_000 / DAY_MS) * DAY_MS

export const rows: Bench = async (progress) => {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-bench-stats-'))
  try {
    return [...(await looking(folder, progress)), ...(await keeping(folder, progress))]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A tree of files that have what the kernel's have; where version 2 is mounted they cost the kernel about as much. */
async function looking(folder: string, progress: (text: string) => void): Promise<Row[]> {
  progress(`${LOOKS} looks at ${CONTAINERS} containers`)
  const cgroupDir = join(folder, 'cgroup')
  const ids = Array.from({ length: CONTAINERS }, (_, i) => String(i).padStart(64, '0'))
  put(cgroupDir, { 'cgroup.controllers': 'cpu io memory pids\n' })
  for (const id of ids) put(join(cgroupDir, `system.slice/docker-${id}.scope`), GROUP)
  const sampler = new Sampler({
    intervalMs: INTERVAL_MS,
    cgroupDir,
    procDir: '/proc',
    remote: false,
    hostRoot: '',
    engine: { stats: async () => undefined },
    rootDir: () => '/',
    measured: () => {},
    failed: () => {}
  })
  for (const container of ids) sampler.tell({ ...FACTS, container }, { pid: process.pid })
  const { signal } = new AbortController()
  let samples: StatsSample[] = []
  for (let turn = 0; turn < 20; turn++) samples = await sampler.look(signal)
  const before = process.cpuUsage()
  let longestMs = 0
  for (let turn = 0; turn < LOOKS; turn++) {
    const startedMs = performance.now()
    samples = await sampler.look(signal)
    longestMs = Math.max(longestMs, performance.now() - startedMs)
  }
  const { user, system } = process.cpuUsage(before)
  const percent = ((user + system) / 1000 / LOOKS / INTERVAL_MS) * 100
  const bytes = Buffer.byteLength(JSON.stringify(samples)) / samples.length
  return [
    {
      what: `stats: agent CPU for ${CONTAINERS} containers, every 10 s`,
      value: percent,
      unit: '% of a core',
      bar: bar(percent, 0.3, '% of a core')
    },
    { what: 'stats: a look at all of them', value: longestMs, unit: 'ms at most' },
    { what: 'stats: a sample on its way, before compression', value: bytes, unit: 'bytes' }
  ]
}

async function keeping(folder: string, progress: (text: string) => void): Promise<Row[]> {
  progress('two hours of 50 containers')
  let nowMs = BEGIN_MS
  await using shelf = await openLmdbShelf(join(folder, 'stats'))
  const retention = { samplesMs: 2 * DAY_MS, minutesMs: 30 * DAY_MS, hoursMs: 400 * DAY_MS }
  const store = await openStats({ shelf, retention, log: pino({ level: 'silent' }), nowMs: () => nowMs })
  const subjects = Array.from({ length: CONTAINERS }, (_, i) => container(i))
  const before = process.cpuUsage()
  let making = { user: 0, system: 0 }
  for (; nowMs < BEGIN_MS + DAY_MS * PART; nowMs += INTERVAL_MS) {
    const made = process.cpuUsage()
    const samples = subjects.map((next) => next(nowMs))
    const { user, system } = process.cpuUsage(made)
    making = { user: making.user + user, system: making.system + system }
    await store.take('host', samples)
  }
  nowMs += 3_600_000
  await store.tidy()
  await store.close()
  const { user, system } = process.cpuUsage(before)
  const seconds = (user + system - making.user - making.system) / 1e6
  const perDay = (seconds / CONTAINERS / PART) * 1000
  const sizes: { name: string; bytes: number }[] = []
  for (const { letter, name } of TIERS)
    sizes.push({ name, bytes: (await bytesOf(shelf, letter)) / CONTAINERS / PART })
  const startedMs = performance.now()
  const { length } = await store.rows('host', 'i7', TIERS[0], BEGIN_MS, nowMs)
  const askedMs = performance.now() - startedMs
  return [
    ...sizes.map(({ name, bytes }) => ({
      what: `stats: bytes per container-day, ${name}`,
      value: bytes,
      unit: 'bytes'
    })),
    {
      what: 'stats: hub CPU for 1,000 containers',
      value: (perDay * 100) / (DAY_MS / 1000),
      unit: '% of a core'
    },
    { what: 'stats: hub CPU per 1,000 container-days', value: perDay, unit: 's' },
    { what: `stats: all of one container, ${length} samples`, value: askedMs, unit: 'ms' }
  ]
}

async function bytesOf(shelf: Shelf, letter: string): Promise<number> {
  const keys = await shelf.keys(`${letter}/`, `${letter}0`, Number.MAX_SAFE_INTEGER)
  const values = await shelf.read(keys)
  return keys.reduce((sum, key, i) => sum + key.length + (values[i]?.length ?? 0), 0)
}

/** Samples of a service that does something all day: every number that an agent tells. */
function container(number: number): (atMs: number) => Sample {
  const chance = new Chance(number)
  const c = { cpuUs: 0, cpuUserUs: 0, cpuSystemUs: 0, throttledUs: 0, rxBytes: 0, txBytes: 0, rxPackets: 0 }
  const d = { txPackets: 0, readBytes: 0, writeBytes: 0, readOps: 0, writeOps: 0 }
  let rss = 2e8
  return (atMs) => {
    const busy = 0.3 + 0.2 * Math.sin(atMs / 3e6 + number)
    c.cpuUserUs += Math.round(busy * chance.between(5e6, 9e6))
    c.cpuSystemUs += Math.round(busy * chance.between(1e6, 2e6))
    c.cpuUs = c.cpuUserUs + c.cpuSystemUs
    c.rxPackets += Math.round(busy * chance.between(900, 1100))
    d.txPackets += Math.round(busy * chance.between(900, 1100))
    c.rxBytes += Math.round(busy * chance.between(9e5, 11e5))
    c.txBytes += Math.round(busy * chance.between(2e6, 3e6))
    if (chance.often(0.3)) {
      d.writeOps += chance.whole(1, 20)
      d.writeBytes += 4096 * chance.whole(1, 40)
    }
    rss = Math.max(1e8, rss + 4096 * chance.whole(-300, 302))
    return {
      subject: `i${number}`,
      atMs: atMs + chance.whole(0, 20),
      sinceMs: BEGIN_MS - DAY_MS,
      counters: {
        ...c,
        ...d,
        cpuPeriods: 0,
        throttledPeriods: 0,
        rxErrors: 0,
        txErrors: 0,
        rxDropped: 0,
        txDropped: 0
      },
      gauges: {
        ...{
          memoryBytes: rss + 3e7,
          memoryRssBytes: rss,
          memoryCacheBytes: 6e7 + 4096 * chance.whole(0, 50)
        },
        ...{
          memoryLimitBytes: 536_870_912,
          pids: chance.whole(20, 22),
          pidsLimit: 4096,
          restarts: 0,
          health: 2
        },
        ...{ oomKills: 0, cpus: 2 }
      }
    }
  }
}

function put(folder: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

const FACTS = {
  ...{
    name: 'busy',
    app: 'busy',
    environment: 'bench',
    identity: 'name' as const,
    image: 'busy:1',
    labels: {}
  },
  state: 'running'
} satisfies Omit<InstanceFacts, 'container'>

/** memory.stat has some forty lines more than these on a real kernel. */
const GROUP = {
  'cpu.stat':
    'usage_usec 5280210\nuser_usec 4010100\nsystem_usec 1270110\nnr_periods 120\nnr_throttled 30\nthrottled_usec 450000\n',
  'cpu.max': 'max 100000\n',
  'memory.current': '104857600\n',
  'memory.max': 'max\n',
  'memory.swap.current': '0\n',
  'memory.stat': `anon 62914560\nfile 33554432\n${Array.from({ length: 40 }, (_, i) => `counter_${i} 123456789\n`).join('')}inactive_file 25165824\n`,
  'memory.events': 'low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\n',
  'pids.current': '17\n',
  'pids.max': 'max\n',
  'io.stat': '259:0 rbytes=8192 wbytes=4096 rios=2 wios=1 dbytes=0 dios=0\n'
}
