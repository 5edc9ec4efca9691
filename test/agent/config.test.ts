import { expect, test } from 'vitest'
import { AGENT_OPTIONS, readConfig } from '../../agent/config.ts'
import { AgentError } from '../../agent/errors.ts'
import { delays } from '../../agent/ship/backoff.ts'
import { codecsFor, compressor } from '../../agent/ship/codec.ts'

const failure = (env: NodeJS.ProcessEnv) => {
  try {
    readConfig(env)
  } catch (error) {
    return error instanceof AgentError ? `${error.code} ${error.message}` : String(error)
  }
  return undefined
}

test('without any setting the agent speaks to the hub of this machine', () => {
  const config = readConfig({ HOME: '/home/x' })
  expect(config.hubUrl.href).toBe('http://127.0.0.1:7400/')
  expect(config.engine).toEqual({ socketPath: '/var/run/docker.sock' })
  expect(config).toMatchObject({ environment: 'default', port: 9464, pollMs: 100, holdMaxBytes: 1024 ** 3 })
})

test('a wrong setting stops the start with its name and what it should be', () => {
  expect(failure({ DRIFTLOG_POLL_MS: 'often' })).toBe(
    'DRIFTLOG_CONFIG DRIFTLOG_POLL_MS must be a whole number from 5 to 10000, but is often'
  )
  expect(failure({ DRIFTLOG_HUB_URL: 'ftp://x' })).toContain('DRIFTLOG_HUB_URL must be an address')
  expect(failure({ DRIFTLOG_LOG_LEVEL: 'loud' })).toContain('one of fatal, error')
  expect(failure({ DRIFTLOG_AGENT_PORT: '70000' })).toContain('DRIFTLOG_AGENT_PORT')
  expect(failure({ DRIFTLOG_ENVIRONMENT: 'x'.repeat(300) })).toContain('at most 255 characters')
})

test('DOCKER_HOST names a socket or another machine, which is reached with TLS where Docker says so', () => {
  const engine = (env: NodeJS.ProcessEnv) => readConfig(env).engine
  expect(engine({ DOCKER_HOST: 'unix:///run/user/1000/docker.sock' })).toEqual({
    socketPath: '/run/user/1000/docker.sock'
  })
  expect(engine({ DOCKER_HOST: 'tcp://x:2375', DRIFTLOG_DOCKER_SOCKET: '/d.sock' })).toEqual({
    socketPath: '/d.sock'
  })
  const remote = { protocol: 'http', host: 'x', port: 2375 }
  expect(readConfig({ DOCKER_HOST: 'tcp://x' })).toMatchObject({ engine: remote, logAccess: 'api' })
  expect(engine({ DOCKER_HOST: 'tcp://x', DOCKER_TLS_VERIFY: '1' })).toEqual({
    ...{ protocol: 'https', host: 'x', port: 2376 }
  })
  expect(failure({ DOCKER_HOST: 'tcp://x', DOCKER_CERT_PATH: '/nowhere' })).toContain('ca.pem')
  expect(failure({ DOCKER_HOST: 'ssh://x' })).toContain('DRIFTLOG_DOCKER_SOCKET')
  expect(failure({ DOCKER_HOST: 'tcp://x', DRIFTLOG_LOG_ACCESS: 'files' })).toContain('DRIFTLOG_LOG_ACCESS')
})

test('orders are taken only where that is said, with a list of images', () => {
  expect(readConfig({}).orders).toBeUndefined()
  const env = { DRIFTLOG_ORDERS: 'deploy', DRIFTLOG_DEPLOY_IMAGES: 'registry.example.org/shop/*, busybox' }
  const more = {
    ...{ DRIFTLOG_DEPLOY_BINDS: '/srv/a/, /srv/b/../c', DRIFTLOG_SECRETS_DIR: '/etc/secrets' },
    ...{ DRIFTLOG_SECRET_API_KEY: 'k', DRIFTLOG_SECRET_lower: 'no' },
    ...{ DRIFTLOG_HOST_ADDRESS: 'web-1.example.org', DRIFTLOG_HOST_LABELS: 'zone=a,example.org/disk=' }
  }
  const config = readConfig({ ...env, ...more })
  expect(config.orders).toEqual({
    ...{ images: ['registry.example.org/shop/*', 'busybox'], binds: ['/srv/a', '/srv/c'] },
    ...{ secretsDir: '/etc/secrets', secrets: { API_KEY: 'k' }, registryAuthFile: undefined }
  })
  expect(config).toMatchObject({
    hostAddress: 'web-1.example.org',
    hostLabels: { zone: 'a', 'example.org/disk': '' }
  })
  expect(failure({ DRIFTLOG_ORDERS: 'deploy' })).toContain('DRIFTLOG_DEPLOY_IMAGES must be set')
  expect(failure({ DRIFTLOG_ORDERS: 'yes' })).toContain('DRIFTLOG_ORDERS must be one of off, deploy')
  expect(failure({ ...env, DRIFTLOG_DEPLOY_IMAGES: 'shop/app:1' })).toContain('has a tag')
  expect(failure({ ...env, DRIFTLOG_DEPLOY_BINDS: 'srv' })).toContain('absolute paths')
  expect(failure({ DRIFTLOG_HOST_ADDRESS: 'web-1:80' })).toContain('DRIFTLOG_HOST_ADDRESS')
  expect(failure({ DRIFTLOG_HOST_LABELS: 'zone' })).toContain('DRIFTLOG_HOST_LABELS')
})

test('every option has a name and a description', () => {
  for (const { name, description } of Object.values(AGENT_OPTIONS)) {
    expect(name).toMatch(/^DRIFTLOG_[A-Z_]+$/)
    expect(description.length).toBeGreaterThan(10)
  }
})

test('delays double up to the longest, each cut by up to half', () => {
  const take = (random: number) => {
    const all = delays({ minMs: 100, maxMs: 1000 }, () => random)
    return Array.from({ length: 6 }, () => all.next().value)
  }
  expect(take(0)).toEqual([100, 200, 400, 800, 1000, 1000])
  expect(take(1)).toEqual([50, 100, 200, 400, 500, 500])
})

test('on loopback nothing is compressed unless the hub wants it; elsewhere the best comes first', () => {
  expect(codecsFor(new URL('http://127.0.0.1:1'))[0]).toBe('identity')
  expect(codecsFor(new URL('https://logs.example.com')).at(-1)).toBe('identity')
})

test('every codec that is offered can be written', async () => {
  const body = Buffer.from('line\n'.repeat(10_000))
  for (const codec of codecsFor(new URL('https://logs.example.com'))) {
    const packed = await compressor(codec)(body)
    if (codec !== 'identity') expect(packed.length).toBeLessThan(body.length / 10)
  }
})
