/** The cluster is stopped, killed and started, hubs and agents are killed, while containers write: every line is there once. */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client } from '@elastic/elasticsearch'
import { expect, test } from 'vitest'
import { freePort } from '../../ports.ts'
import { CLUSTER, emptyCluster, CLUSTER_ENV as env } from '../../system/engine.ts'
import { expectEveryLine } from '../../system/everything.ts'
import { Hub, startAgent } from '../../system/programs.ts'
import { startWriters, totalOf } from '../../system/writers.ts'

const SERVICE = fileURLToPath(new URL('../../services/elasticsearch', import.meta.url))
/** At least so many lines are written. */
const LINES = Number(process.env['DRIFTLOG_OUTAGE_LINES'] ?? 200_000)
/** Lines a second, over all containers. */
const RATE = Number(process.env['DRIFTLOG_OUTAGE_RATE'] ?? 4000)
const HUB_KILLS = 10
const LONG_MS = 3_600_000

test('the cluster is stopped and killed, the hub killed ten times: every line once', {
  timeout: LONG_MS
}, async () => {
  emptyCluster()
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-cluster-'))
  try {
    await using writers = await startWriters(folder, {
      name: 'clustered',
      containers: 8,
      logOptions: { 'max-size': '10m', 'max-file': '50' }
    })
    await using hub = await new Hub({ dataDir: join(folder, 'hub'), port: await freePort(), env }).start()
    const begin = () =>
      startAgent({
        ...{ hubUrl: hub.url, socket: writers.socket, stateDir: join(folder, 'agent'), name: 'clustered' }
      })
    let agent = begin()
    writers.begin(RATE)
    await sleep(3000)
    for (const act of ['stop', 'kill']) {
      service(act)
      // What agents bring meanwhile is refused; the hub goes on and answers.
      await sleep(5000)
      expect(hub.program.exited()).toBe(false)
      service('start')
      await sleep(4000)
    }
    for (let round = 0; round < HUB_KILLS; round++) {
      await sleep(300 + Math.random() * 1500)
      await hub.program.kill()
      await hub.start()
      if (round % 3 === 2) {
        await agent.kill()
        agent = begin()
      }
    }
    while (totalOf(writers.written) < LINES) await sleep(100)
    writers.pause()
    writers.burst(1)
    await expectEveryLine(hub, writers.written, 180_000)
    const client = new Client({ node: CLUSTER })
    const { count } = await client.count({ index: 'driftlog-*' })
    await client.close()
    expect(count).toBe(totalOf(writers.written))
    console.log(JSON.stringify({ lines: count, hubKills: HUB_KILLS, clusterOutages: 2, wrong: 0 }))
    await agent.stop()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

function service(act: string): void {
  const { status, stderr } = spawnSync(SERVICE, [act], { encoding: 'utf8', timeout: 180_000 })
  if (status !== 0) throw new Error(`test/services/elasticsearch ${act}: ${stderr}`)
}
