/** The whole hub, as it is started: its hooks, messages and figures are wired, and outlive a restart. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { readConfig } from '../../../server/config.ts'
import { type Hub, startHub } from '../../../server/hub.ts'
import { send, withToken } from './triggers/place.ts'

const RULE = { app: 'ghost', environment: 'staging' }

test('a hook is taken, its secret survives a restart, and it is counted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-hooks-'))
  const config = readConfig({ DRIFTLOG_DATA_DIR: folder, DRIFTLOG_LISTEN_PORT: '0' })
  const lines: string[] = []
  const log = pino({ level: 'info' }, { write: (line) => void lines.push(line) })
  const call = (hub: Hub, secret: string, branch: string) =>
    send(`${hub.localUrl}/api/hooks/ci`, withToken(`Bearer ${secret}`, { event: 'push', branch }))
  try {
    let secret = ''
    {
      await using hub = await startHub(config, { log })
      const headers = { 'content-type': 'application/json' }
      const post = (path: string, body: object) =>
        send(`${hub.localUrl}/api/${path}`, { headers, body: JSON.stringify(body) })
      const made = await post('triggers', { name: 'ci', kind: 'generic', rules: [RULE] })
      secret = made.body.secret
      const notice = { name: 'ops', kind: 'slack', url: 'https://chat.example.org/services/hidden' }
      expect((await post('notices', notice)).body.address).toBe('https://chat.example.org/…')
      const refused = { verdict: 'refused', why: expect.stringContaining('DRIFTLOG_DEFINITION_NOT_FOUND') }
      expect((await call(hub, secret, 'main')).body.decided).toMatchObject([refused])
    }
    await using hub = await startHub(config, { log })
    expect((await call(hub, secret, 'main')).status).toBe(409)
    expect((await call(hub, secret, 'other')).status).toBe(202)
    expect((await call(hub, `${secret}x`, 'other')).status).toBe(401)
    const figures = await (await fetch(`${hub.localUrl}/metrics`)).text()
    expect(figures).toContain('driftlog_hook_strangers_total 1\n')
    expect(figures).toContain('driftlog_notice_messages_sent_total 0\n')
    expect(figures).toContain('driftlog_token_failures_wrong_total{place="hook"} 1\n')
    const text = lines.join('')
    expect(text).toContain('a hook was decided')
    expect(text).not.toContain(secret)
    expect(text).not.toContain('hidden')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
