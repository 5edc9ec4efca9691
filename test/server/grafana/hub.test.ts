/** A whole hub beside a Grafana. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { InstanceEvent } from '../../../agent/protocol.ts'
import { readConfig } from '../../../server/config.ts'
import { type Hub, startHub } from '../../../server/hub.ts'
import { startGrafana, TOKEN } from './fake.ts'

test('a hub brings its dashboards, and marks a move of before its start once', {
  timeout: 120_000
}, async () => {
  await using grafana = await startGrafana()
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-hub-grafana-'))
  const config = readConfig({
    ...{ DRIFTLOG_LISTEN_PORT: '0', DRIFTLOG_DATA_DIR: folder, DRIFTLOG_ZABBIX_GROUP: 'Ours' },
    ...{ DRIFTLOG_GRAFANA_URL: grafana.url.href, DRIFTLOG_GRAFANA_TOKEN: TOKEN },
    DRIFTLOG_PUBLIC_URL: 'http://localhost:7400'
  })
  const log = pino({ level: 'silent' })
  try {
    const began = Date.now() - 120_000
    {
      await using hub = await startHub(config, { log })
      const [from = '', to = ''] = await Promise.all(
        ['web-1', 'web-2'].map(async (name) => (await hub.fleet.enrol({ name }, '0.1.0')).host)
      )
      hub.fleet.tell(from, [event('a', { state: 'exited', startedMs: began, finishedMs: began + 5000 })])
      hub.fleet.tell(to, [event('b', { state: 'running', startedMs: began + 9000 })])
      await until(() => grafana.dashboards.size === 5)
      expect(JSON.stringify(grafana.dashboards.get('driftlog-app')?.dashboard)).toContain('^Ours(')
      await counts(hub, 'driftlog_grafana_dashboards_written_total 5')
    }
    {
      await using hub = await startHub(config, { log })
      await counts(hub, 'driftlog_grafana_marks_posted_total 1')
      expect(grafana.annotations).toMatchObject([
        {
          time: began + 9000,
          tags: expect.arrayContaining(['driftlog', 'move', 'app:orders', 'host:web-1', 'host:web-2']),
          text: expect.stringContaining(
            'web-2, away for 4 s <a href="http://localhost:7400/production/orders'
          )
        }
      ])
    }
    grafana.asked.length = 0
    await using hub = await startHub(config, { log })
    await until(() => grafana.asked.filter((question) => question.includes('/dashboards/uid/')).length >= 5)
    expect(hub.fleet.moves()).toHaveLength(1)
    expect(grafana.asked.filter((question) => /^POST|annotations/.test(question))).toEqual([])
  } finally {
    await rm(folder, { recursive: true })
  }
})

function event(container: string, more: Partial<InstanceEvent['instance']>): InstanceEvent {
  const instance = {
    ...{ container, name: container, app: 'orders', environment: 'production', identity: 'compose' as const },
    ...{ image: 'orders:1', labels: {}, state: 'running', ...more }
  }
  return { kind: 'seen', atMs: more.finishedMs ?? more.startedMs ?? 0, instance }
}

async function counts({ localUrl }: Hub, line: string): Promise<void> {
  await until(async () => (await (await fetch(`${localUrl}/metrics`)).text()).includes(`${line}\n`))
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20)
}
