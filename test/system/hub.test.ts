import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, test, vi } from 'vitest'
import { DELIVERY_TYPE } from '../../agent/protocol.ts'
import { readConfig } from '../../server/config.ts'
import { type Hub, startHub } from '../../server/hub.ts'
import { command } from '../server/cli/command.ts'
import type { Body } from '../server/face.ts'

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

test('a hub whose token for Zabbix is still to come says what it waits for, and that is no fault', async () => {
  await using place = await openPlace()
  const tokenFile = join(place.folder, 'zabbix-token')
  const env = { DRIFTLOG_ZABBIX_URL: 'http://127.0.0.1:9', DRIFTLOG_ZABBIX_TOKEN_FILE: tokenFile }
  await using hub = await startHub(place.config({ DRIFTLOG_STORE: 'memory', ...env }), { log })
  await vi.waitFor(async () =>
    expect(await statusOf(hub)).toMatchObject({ zabbix: { waitsFor: tokenFile, hosts: 0 } })
  )
  const said = await command(['status', '--hub', hub.url])
  expect(said).toMatchObject({ code: 0, stderr: '' })
  expect(said.stdout).toContain(`Zabbix: nothing is told until its token is in ${tokenFile}, where`)
  const checked = await command(['zabbix', 'status'], env)
  expect(checked).toMatchObject({ code: 1, stdout: expect.stringMatching(/^not {2}token .* is not there\./) })
})

test('a line that an agent delivers is found under its app', async () => {
  await using place = await openPlace()
  const config = place.config({ DRIFTLOG_LISTEN_HOST: '0.0.0.0' })
  await using hub = await startHub(config, { log })
  expect(await post(hub, 'enrol', enrolment('wrong'))).toMatchObject({
    code: 'DRIFTLOG_JOIN',
    statusCode: 401
  })
  const { host, key } = await post(hub, 'enrol', enrolment(hub.tokens.join))
  const { tokens } = hub
  const greeting = {
    protocol: 1,
    version: '0.1.0',
    place: 'here',
    facts: { name: 'fra-1' },
    codecs: ['identity'],
    clockMs: Date.now()
  }
  for (const wrong of [undefined, tokens.read, tokens.admin, tokens.join]) {
    expect(await post(hub, 'hello', greeting, wrong)).toMatchObject({ code: 'DRIFTLOG_KEY', statusCode: 401 })
  }
  const { session } = await post(hub, 'hello', greeting, key)

  const line = `${JSON.stringify({ log: 'level=info msg="card refused"\n', stream: 'stderr', time: new Date().toISOString() })}\n`
  const head = {
    session,
    events: [{ kind: 'start', atMs: Date.now(), instance: CONTAINER }],
    chunks: [
      { container: 'c1', stream: 'docker', generation: 'g1', offset: 0, bytes: Buffer.byteLength(line) }
    ],
    losses: [],
    behindBytes: 0
  }
  const receipt = await deliver(hub, key, head, line)
  expect(receipt.positions).toMatchObject([{ generation: 'g1', committed: Buffer.byteLength(line) }])

  const headers = { authorization: `Bearer ${tokens.read}` }
  const found = await (await fetch(`${hub.localUrl}/api/logs?app=orders&q=refused`, { headers })).json()
  expect(found).toMatchObject({
    records: [{ app: 'orders', host, hostName: 'fra-1', level: 'info', output: 'stderr' }]
  })
  const { apps } = (await (await fetch(`${hub.localUrl}/api/apps`, { headers })).json()) as { apps: unknown }
  expect(apps).toMatchObject([{ app: 'orders', running: 1, hosts: ['fra-1'], records: 1 }])
  const figures = await (await fetch(`${hub.localUrl}/metrics`, { headers })).text()
  expect(figures).toContain('driftlog_collector_records_total 1\n')
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

const CONTAINER = {
  container: 'c1',
  name: 'orders-1',
  app: 'orders',
  environment: 'production',
  identity: 'compose',
  image: 'orders:1',
  labels: {},
  state: 'running',
  startedMs: Date.now()
}

function enrolment(join: string) {
  return { protocol: 1, version: '0.1.0', join, facts: { name: 'fra-1' } }
}

async function post(hub: Hub, name: string, body: object, key?: string): Promise<Body> {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (key) headers['authorization'] = `Bearer ${key}`
  const url = `${hub.localUrl}/agent/v1/${name}`
  return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).json()
}

async function deliver(hub: Hub, key: string, head: object, bytes: string): Promise<Body> {
  const json = Buffer.from(JSON.stringify(head))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  const body = Buffer.concat([length, json, Buffer.from(bytes)])
  const response = await fetch(`${hub.localUrl}/agent/v1/deliver`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': DELIVERY_TYPE,
      'driftlog-length': String(body.length)
    },
    body
  })
  return response.json()
}

async function openPlace() {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-hub-'))
  return {
    folder,
    config: (env: Record<string, string> = {}) =>
      readConfig({ DRIFTLOG_DATA_DIR: folder, DRIFTLOG_LISTEN_PORT: '0', ...env }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true })
  }
}

async function statusOf(hub: Hub, token?: string): Promise<Body> {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}
  return (await fetch(`${hub.localUrl}/api/status`, { headers })).json()
}
