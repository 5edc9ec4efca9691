import { expect, test } from 'vitest'
import { HubEnvironment, readConfig } from '../../server/config.ts'
import { isLoopback, isOpen } from '../../server/listen-config.ts'

test('an empty environment gives the documented defaults', () => {
  const config = readConfig({ DRIFTLOG_DATA_DIR: '', PATH: '/bin' })
  expect(config).toMatchObject({
    listenHost: '127.0.0.1',
    listenPort: 7400,
    store: 'embedded',
    retention: { maxAgeMs: 30 * 86_400_000, maxBytes: 20 * 1024 ** 3 },
    query: { budgetMs: 10_000, concurrent: 4, waiting: 64 },
    tailClients: 200,
    logLevel: 'info'
  })
  expect(config.dataDir).toMatch(/^\/.*data$/)
  expect(isOpen(config)).toBe(true)
})

test('reading twice reads the same', () => {
  expect(readConfig({ DRIFTLOG_LISTEN_PORT: '0' })).toEqual(readConfig({ DRIFTLOG_LISTEN_PORT: '0' }))
})

test('values are turned into numbers and addresses', () => {
  const config = readConfig({
    DRIFTLOG_LISTEN_PORT: '0',
    DRIFTLOG_RETENTION_MAX_AGE_DAYS: '0.5',
    DRIFTLOG_PUBLIC_URL: 'https://logs.example.org'
  })
  expect(config.listenPort).toBe(0)
  expect(config.retention.maxAgeMs).toBe(43_200_000)
  expect(config.publicUrl?.hostname).toBe('logs.example.org')
  expect(isOpen(config)).toBe(false)
})

test.each([
  ['DRIFTLOG_LISTEN_PORT', 'http'],
  ['DRIFTLOG_LISTEN_PORT', '70000'],
  ['DRIFTLOG_STORE', 'postgres'],
  ['DRIFTLOG_LOG_LEVEL', 'loud'],
  ['DRIFTLOG_RETENTION_MAX_AGE_DAYS', '-1'],
  ['DRIFTLOG_RETENTION_MAX_BYTES', '20 GB'],
  ['DRIFTLOG_QUERY_BUDGET_MS', '0'],
  ['DRIFTLOG_REDACT', 'perhaps'],
  ['DRIFTLOG_PUBLIC_URL', 'logs.example.org'],
  ['DRIFTLOG_PUBLIC_URL', 'https://logs.example.org/driftlog']
])('%s=%s stops the start with its name', (name, value) => {
  expect(() => readConfig({ [name]: value })).toThrow(
    expect.objectContaining({
      code: 'DRIFTLOG_CONFIG',
      message: expect.stringContaining(`${name}="${value}"`)
    })
  )
})

test('a choice that does not exist is answered with those that do', () => {
  expect(() => readConfig({ DRIFTLOG_STORE: 'x' })).toThrow(
    'must be one of embedded, elasticsearch, memory ("embedded" when not set)'
  )
})

/** Their descriptions say what that means. */
const NOTHING_WHEN_NOT_SET = [
  'DRIFTLOG_PUBLIC_URL',
  'DRIFTLOG_TRUSTED_PROXIES',
  'DRIFTLOG_TLS_CERT_FILE',
  'DRIFTLOG_TLS_KEY_FILE',
  'DRIFTLOG_JOIN_TOKEN_FILE',
  'DRIFTLOG_NOTICE_HOSTS',
  'DRIFTLOG_ZABBIX_URL',
  'DRIFTLOG_ZABBIX_TOKEN',
  'DRIFTLOG_ZABBIX_TOKEN_FILE',
  'DRIFTLOG_ZABBIX_PUBLIC_URL',
  'DRIFTLOG_ZABBIX_CA_FILE',
  'DRIFTLOG_ZABBIX_SERVER',
  'DRIFTLOG_ZABBIX_PSK_IDENTITY',
  'DRIFTLOG_ZABBIX_PSK_FILE',
  'DRIFTLOG_ELASTICSEARCH_URL',
  'DRIFTLOG_ELASTICSEARCH_API_KEY',
  'DRIFTLOG_ELASTICSEARCH_USER',
  'DRIFTLOG_ELASTICSEARCH_PASSWORD',
  'DRIFTLOG_ELASTICSEARCH_CA_FILE',
  'DRIFTLOG_GRAFANA_URL',
  'DRIFTLOG_GRAFANA_TOKEN',
  'DRIFTLOG_GRAFANA_DASHBOARDS_DIR',
  'DRIFTLOG_GRAFANA_ZABBIX_TOKEN',
  'DRIFTLOG_GRAFANA_ELASTICSEARCH_API_KEY'
]

test('a cluster is named, and has one way in', () => {
  const read = (env: Record<string, string>) => () => readConfig({ DRIFTLOG_STORE: 'elasticsearch', ...env })
  const url = { DRIFTLOG_ELASTICSEARCH_URL: 'https://es-1:9200, https://es-2:9200' }
  const user = { DRIFTLOG_ELASTICSEARCH_USER: 'hub', DRIFTLOG_ELASTICSEARCH_PASSWORD: 'x' }
  expect(read({ ...url, ...user })().cluster).toEqual({
    settings: { urls: ['https://es-1:9200', 'https://es-2:9200'], user: { name: 'hub', password: 'x' } },
    layout: { shards: 1, replicas: 1 }
  })
  expect(readConfig(url).cluster).toBeUndefined()
  expect(read({})).toThrow('set DRIFTLOG_ELASTICSEARCH_URL')
  expect(read({ ...url, ...user, DRIFTLOG_ELASTICSEARCH_API_KEY: 'k' })).toThrow('Set one of them')
  expect(read({ ...url, DRIFTLOG_ELASTICSEARCH_USER: 'hub' })).toThrow('belong together')
  expect(read({ DRIFTLOG_ELASTICSEARCH_URL: 'es-1:9200' })).toThrow('is no http or https address')
  const secret = read({ DRIFTLOG_ELASTICSEARCH_URL: 'http://hub:hunter2@es-1:9200' })
  expect(secret).toThrow('holds a user or a password')
  expect(secret).not.toThrow('hunter2')
})

test('every option says what it does and what it is when not set', () => {
  const options = HubEnvironment.properties as Record<string, { description?: string; default?: unknown }>
  for (const [name, option] of Object.entries(options)) {
    expect(option.description, name).toMatch(/\.$/)
    if (!NOTHING_WHEN_NOT_SET.includes(name)) expect(option.default, name).toBeDefined()
  }
})

test.each([
  ['127.0.0.1', true],
  ['127.8.9.10', true],
  ['::1', true],
  ['[::1]', true],
  ['localhost', true],
  ['LOCALHOST.', true],
  ['hub.localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['127.evil.example', false],
  ['localhost.evil.example', false]
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected)
})

test.each(['10.0.0.7', '10.0.0.0/8, ::1', 'fd00::/8'])('proxies may be named as %s', (text) => {
  const { trustedProxies } = readConfig({ DRIFTLOG_TRUSTED_PROXIES: text })
  expect(trustedProxies).toEqual(text.split(', '))
})

test.each(['proxy.example', '10.0.0.0/33', '10.0.0.1/x', '10.0.0.1,,10.0.0.2', '::1/129'])(
  'proxies named as %s are refused',
  (text) => {
    expect(() => readConfig({ DRIFTLOG_TRUSTED_PROXIES: text })).toThrow(/DRIFTLOG_TRUSTED_PROXIES has "/)
  }
)

test('expressions of what is redacted are checked at the start, each by itself', () => {
  expect(
    readConfig({ DRIFTLOG_REDACT: 'off', DRIFTLOG_REDACT_PATTERNS: 'acme-\\d+\n(?i)badge \\d+' })
  ).toMatchObject({
    redaction: { builtIn: false, expressions: ['acme-\\d+', '(?i)badge \\d+'] }
  })
  expect(() => readConfig({ DRIFTLOG_REDACT_PATTERNS: '["ok","(a+)+b"]' })).toThrow(
    /DRIFTLOG_REDACT_PATTERNS: "\(a\+\)\+b": The expression can be too slow/
  )
})
