import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { type Hub, startHub } from '../../server/hub.ts'

const log = pino({ level: 'silent' })

test.each(['memory', 'embedded'])('a hub with the %s store starts, answers and closes', async (store) => {
  await using place = await openPlace()
  const hub = await startHub(place.config({ DRIFTLOG_STORE: store }), { log })
  try {
    expect(hub.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect([hub.localUrl, hub.open]).toEqual([hub.url, true])
    expect(await statusOf(hub)).toMatchObject({ demo: false, open: true, hosts: 0, store: { engine: store } })
    expect((await readFile(join(place.folder, 'tokens', 'join'), 'utf8')).trim()).toBe(hub.tokens.join)
  } finally {
    await hub.close()
  }
  await expect(fetch(hub.url)).rejects.toThrow()
  await hub.close()
})

test('tokens survive a restart, and another one of the folder is refused meanwhile', async () => {
  await using place = await openPlace()
  const first = await startHub(place.config(), { log })
  await expect(startHub(place.config(), { log })).rejects.toMatchObject({
    code: expect.stringMatching(/^DRIFTLOG_/)
  })
  await first.close()
  await using second = await startHub(place.config(), { log })
  expect(second.tokens).toEqual(first.tokens)
})

test('a hub for everybody demands tokens and says how to join', async () => {
  await using place = await openPlace()
  const config = place.config({ DRIFTLOG_LISTEN_HOST: '0.0.0.0', DRIFTLOG_STORE: 'memory' })
  await using hub = await startHub(config, { log })
  expect(hub.open).toBe(false)
  expect((await fetch(`${hub.localUrl}/api/status`)).status).toBe(401)
  const admin = await statusOf(hub, hub.tokens.admin)
  expect(admin.join).toBe(`DRIFTLOG_JOIN_TOKEN=${hub.tokens.join} driftlog agent --hub ${hub.url}`)
  expect((await statusOf(hub, hub.tokens.read)).join).toBeUndefined()
})

test('a port that is taken stops the start with the way out, and leaves the folder free', async () => {
  await using place = await openPlace()
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => other.once('listening', resolve))
  const address = other.address()
  const port = typeof address === 'object' && address ? address.port : 0
  try {
    await expect(
      startHub(place.config({ DRIFTLOG_LISTEN_PORT: String(port) }), { log })
    ).rejects.toMatchObject({
      code: 'DRIFTLOG_LISTEN',
      message: expect.stringContaining('DRIFTLOG_LISTEN_PORT')
    })
  } finally {
    other.close()
  }
  await using _hub = await startHub(place.config(), { log })
})

test('a hub that closes ends its tails and does not wait for idle connections', async () => {
  await using place = await openPlace()
  const hub = await startHub(place.config({ DRIFTLOG_STORE: 'memory' }), { log })
  const text = await new Promise<string>((resolve, reject) => {
    let read = ''
    get(`${hub.url}/api/tail`, (response) => {
      response.setEncoding('utf8').on('data', (part) => {
        if (read === '') hub.close().catch(reject)
        read += part
      })
      response.on('end', () => resolve(read))
    }).on('error', reject)
  })
  expect(text).toContain('event: end\ndata: {"reason":"closing"}')
})

test('a played fleet is marked', async () => {
  await using place = await openPlace()
  const config = place.config({ DRIFTLOG_STORE: 'memory' })
  await using hub = await startHub(config, { log, demo: { reason: 'no engine answers' } })
  expect(await statusOf(hub)).toMatchObject({ demo: true, demoReason: 'no engine answers' })
})

async function openPlace() {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-hub-'))
  return {
    folder,
    config: (env: Record<string, string> = {}) =>
      readConfig({ DRIFTLOG_DATA_DIR: folder, DRIFTLOG_LISTEN_PORT: '0', ...env }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true })
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the test of the schemas holds the shape
async function statusOf(hub: Hub, token?: string): Promise<any> {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}
  return (await fetch(`${hub.localUrl}/api/status`, { headers })).json()
}
