/** Two whole hubs on one cluster: what agents tell one of them, the other shows. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { hostSubject } from '../../../collector/stats/arrivals.ts'
import type { StatsAnswer } from '../../../server/api/stats.ts'
import { readConfig } from '../../../server/config.ts'
import { type Hub, startHub } from '../../../server/hub.ts'
import { formatMs } from '../../../server/times.ts'
import { CLUSTER_ENV, emptyCluster } from '../../system/engine.ts'

const SOON_MS = 5000

test('samples of one host through two hubs: both answer the same within seconds', async () => {
  emptyCluster()
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-stats-'))
  const open = (name: string): Promise<Hub> => {
    const env = { ...CLUSTER_ENV, DRIFTLOG_DATA_DIR: join(folder, name), DRIFTLOG_LISTEN_PORT: '0' }
    return startHub(readConfig(env), { log: pino({ level: 'silent' }) })
  }
  try {
    await using first = await open('first')
    const { host } = await first.fleet.enrol({ name: 'web-1' }, '0.1.0')
    await using second = await open('second')
    const hubs = [first, second]
    const beginMs = Date.now() - 60_000
    for (let n = 0; n < 6; n++) {
      const counters = { cpuUs: n * 5_000_000 }
      const sample = { subject: hostSubject(host), atMs: beginMs + n * 10_000, counters, gauges: {} }
      await (hubs[n % 2] ?? first).stats.take(host, [sample])
    }
    await sleep(SOON_MS)
    for (const { localUrl } of hubs) {
      const latest = await (await fetch(`${localUrl}/api/stats/latest`)).json()
      expect(latest).toMatchObject({
        hosts: [{ host, at: formatMs(beginMs + 50_000), values: { cpu: 0.5 } }]
      })
      const asked = `host=${host}&metrics=cpu&from=now-2m&stepSeconds=1`
      const answer = (await (await fetch(`${localUrl}/api/stats?${asked}`)).json()) as StatsAnswer
      expect(answer.series[0]?.avg.filter((value) => value !== null)).toEqual([0.5, 0.5, 0.5, 0.5, 0.5])
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
