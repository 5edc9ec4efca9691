/**
 * No secret stands where it could be read by somebody else: hub, agents and commands run at trace level over https, every
 * route is used, rightly and wrongly; then everything that they wrote, and every command line, is searched for the
 * secrets. Environments of processes are left out: on Linux nobody but their own user and root can read them.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startPretendedEngine } from '../../server/demo/engine.ts'
import { certificateFolder } from '../fakes/certificates.ts'
import { freePort } from '../ports.ts'
import { everythingInCluster, isClustered } from './engine.ts'
import { MOST_OUTPUT, type Program, startAgent, startProgram } from './programs.ts'

/** Has the form of a token, and none is like it. */
const PLANTED = `dlr_${'7'.repeat(16)}_planted-secret-of-32-characters-`
const TRACE = { DRIFTLOG_LOG_LEVEL: 'trace' }

test('no token, key or login is in any log, message, file or command line', {
  timeout: 180_000
}, async () => {
  await using place = await tempFolder()
  await using certificates = await certificateFolder()
  const { certFile, keyFile, fingerprint } = await certificates.make('hub')
  const port = await freePort()
  const url = `https://127.0.0.1:${port}`
  const data = join(place.path, 'data')
  const hubEnv = {
    ...TRACE,
    DRIFTLOG_LISTEN_HOST: '0.0.0.0',
    DRIFTLOG_LISTEN_PORT: String(port),
    DRIFTLOG_DATA_DIR: data
  }
  const commandLines: string[] = []
  await using hub = startProgram(['hub', '--tls-cert', certFile, '--tls-key', keyFile], hubEnv)
  await until(async () => (await ask(url, '/readyz').catch(() => ({ status: 0 }))).status === 200)
  const secretIn = async (name: string) => (await readFile(join(data, 'tokens', name), 'utf8')).trim()
  const [admin, read, joins] = [await secretIn('admin'), await secretIn('read'), await secretIn('join')]

  await using engine = await startPretendedEngine({
    ...{
      socketPath: join(place.path, 'docker.sock'),
      dir: join(place.path, 'docker'),
      id: 'E',
      name: 'host-1'
    }
  })
  const container = engine.run({ name: 'orders-1', image: 'orders:1', labels: { 'driftlog.app': 'orders' } })
  engine.write(container, 'stdout', 'level=error msg="first line"\n')
  const shared = { ...TRACE, DRIFTLOG_HUB_FINGERPRINT: fingerprint }
  const agent = (name: string, joinToken: string | undefined, env: NodeJS.ProcessEnv = {}) =>
    startAgent({
      ...{ hubUrl: url, socket: join(place.path, 'docker.sock'), stateDir: join(place.path, name), name },
      ...(joinToken === undefined ? {} : { join: joinToken }),
      env: { ...shared, ...env }
    })
  await using byEnvironment = agent('one', joins)
  await using wrongToken = agent('two', PLANTED.replace('dlr', 'dlj'))
  await using wrongHub = agent('three', joins, { DRIFTLOG_HUB_FINGERPRINT: `sha256:${'0'.repeat(64)}` })
  await using byFlag = startProgram(
    ['agent', '--join', joins, '--hub', url, '--state', join(place.path, 'four')],
    {
      ...{ ...shared, DRIFTLOG_DOCKER_SOCKET: join(place.path, 'docker.sock'), DRIFTLOG_AGENT_PORT: '0' }
    }
  )
  await until(async () => {
    const { body } = await ask(url, '/api/logs?app=orders', { authorization: `Bearer ${read}` })
    return body.includes('first line')
  })
  commandLines.push(...(await allCommandLines()))

  // Every route, with every kind of secret, in the right place and in wrong ones.
  const issued = await ask(url, '/api/tokens', json(admin), 'POST', { name: 'made', scopes: ['read'] })
  const made = String(JSON.parse(issued.body).token)
  const login = await ask(url, '/api/session', json(), 'POST', { token: made })
  const [cookie = ''] = String(login.headers['set-cookie']).split(';', 1)
  const key = String(JSON.parse(await readFile(join(place.path, 'one', 'agent.json'), 'utf8')).key)
  const secrets = [admin, read, joins, made, key, PLANTED]
  const { paths } = JSON.parse((await ask(url, '/openapi.json', { authorization: `Bearer ${read}` })).body)
  const routes = Object.entries(paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => [method.toUpperCase(), path.replace(/\{\w+\}/g, 'x')] as const)
  )
  for (const name of ['enrol', 'hello', 'positions', 'deliver']) routes.push(['POST', `/agent/v1/${name}`])
  expect(routes.length).toBeGreaterThan(20)
  for (const [method, path] of routes) {
    for (const secret of secrets) {
      // Logging out and revoking would end what is looked for.
      const body = method === 'POST' ? { token: secret, join: secret, name: secret } : undefined
      await ask(url, path, json(secret), method, body)
      await ask(url, path, { cookie: cookie.replace(/=.*/, `=${secret}`) }, method, body)
      await ask(url, path, { authorization: `Basic ${secret}`, 'content-type': 'text/plain' }, method, body)
    }
    await ask(url, path, { cookie }, method)
  }
  for (const secret of secrets) {
    for (const wrong of [
      `/api/${secret}`,
      `/api/logs?token=${secret}`,
      `/api/logs/${secret}`,
      `/api/tokens/${secret}`,
      `/%ZZ${secret}`
    ])
      await ask(url, wrong, json(admin))
    await ask(url, `/api/tokens/${secret}`, json(admin), 'DELETE')
    await ask(url, `/api/host-keys/${secret}`, json(admin), 'DELETE')
    await ask(url, '/api/logs', { [secret]: 'x', 'last-event-id': secret })
  }

  const readers: Program[] = [
    ...[read, made, PLANTED, `${PLANTED} with a space`].map((token) =>
      startProgram(['status', '--hub', url], { ...shared, DRIFTLOG_TOKEN: token })
    ),
    startProgram(['search', 'line', '--hub', url], { ...shared, DRIFTLOG_DATA_DIR: data }),
    startProgram(['token', 'list', '--hub', url], { ...shared, DRIFTLOG_DATA_DIR: data }),
    startProgram(['token', 'revoke', 'nothing', '--hub', url], { ...shared, DRIFTLOG_TOKEN: PLANTED }),
    startProgram(['tail', '--hub', url], { ...shared, DRIFTLOG_TOKEN: made })
  ]
  await sleep(1000)
  commandLines.push(...(await allCommandLines()))
  await Promise.all(readers.slice(0, -1).map(ended))
  const programs = [hub, byEnvironment, wrongToken, wrongHub, byFlag, ...readers]
  // The hub last, so that it hears the others go.
  for (const program of [...programs].reverse()) await program.stop()

  const login32 = cookie.split('=')[1] ?? ''
  const needles = [...secrets.map((secret) => secret.slice(-32)), login32]
  expect(needles.map((needle) => needle.length)).toEqual(Array(7).fill(32))
  for (const [index, program] of programs.entries()) {
    const said = program.output()
    expect(said.length, 'all of it was kept').toBeLessThan(MOST_OUTPUT)
    expect([index, needles.filter((needle) => said.includes(needle))]).toEqual([index, []])
  }
  expect(hub.output()).toContain('"level":20')
  expect(wrongToken.output()).toContain('does not accept this join token')
  expect(wrongHub.output()).toContain('shows another certificate than expected')
  expect(commandLines.some((line) => line.includes('--tls-cert'))).toBe(true)
  expect(commandLines.filter((line) => needles.some((needle) => line.includes(needle)))).toEqual([])
  const files = await filesIn(place.path)
  if (isClustered) {
    const remembered = await everythingInCluster()
    expect(remembered).toContain('first line')
    expect(needles.filter((needle) => remembered.includes(needle))).toEqual([])
  } else expect(files.some((file) => file.includes('/state/'))).toBe(true)
  // Where secrets are kept for their owner alone: the hub's first tokens, the agents' keys.
  const kept = files.filter((file) => !/\/data\/tokens\/|\/agent\.json$/.test(file))
  for (const file of kept) {
    const bytes = await readFile(file)
    expect([file, needles.filter((needle) => bytes.includes(needle))]).toEqual([file, []])
  }
})

function json(token?: string): Record<string, string> {
  return {
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` })
  }
}

const AGENT = new Agent({ keepAlive: true, maxSockets: 4 })

/** A tail is left after its first bytes. */
function ask(url: string, path: string, headers: Record<string, string> = {}, method = 'GET', body?: object) {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>(
    (resolve, reject) => {
      const call = request(
        url + path,
        { method, headers, agent: AGENT, rejectUnauthorized: false },
        (response) => {
          let text = ''
          const done = () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text })
          response.setEncoding('utf8').on('data', (part) => {
            text += part
            if (path !== '/api/tail') return
            done()
            call.destroy()
          })
          response.on('end', done).on('error', done)
        }
      )
      call.on('error', reject)
      call.end(body && JSON.stringify(body))
    }
  )
}

async function ended(program: Program): Promise<void> {
  while (!program.exited()) await sleep(50)
}

async function allCommandLines(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  return Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
}

async function filesIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

async function until(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) await sleep(100)
}

async function tempFolder() {
  const path = await mkdtemp(join(tmpdir(), 'driftlog-secrets-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
