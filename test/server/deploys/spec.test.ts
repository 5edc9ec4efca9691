import { Check } from 'typebox/value'
import { expect, test } from 'vitest'
import { identify } from '../../../agent/identity.ts'
import { InstanceSpec } from '../../../agent/protocol-orders.ts'
import type { AppDefinition } from '../../../server/deploys/definition.ts'
import { specOf } from '../../../server/deploys/spec.ts'
import { wantedOf } from '../../../server/deploys/wanted.ts'

const image = { reference: 'shop/orders:1' }
const asked = {
  app: 'orders',
  environment: 'staging',
  slot: 2,
  deploy: 'd1',
  version: 3,
  image,
  port: 20_001
}
const specIn = (definition: Partial<AppDefinition>, more: Partial<typeof asked> = {}) => {
  const whole = { image: 'shop/orders', environments: { staging: null, production: null }, ...definition }
  const wanted = wantedOf(whole, more.environment ?? asked.environment)
  return specOf({ ...asked, ...more, wanted })
}

test('an app that says nothing but its image has all defaults', () => {
  const spec = specIn({})
  expect(Check(InstanceSpec, spec)).toBe(true)
  expect(spec).toEqual({
    ...asked,
    ...{ env: {}, secrets: [], volumes: [] },
    health: { everyMs: 1000, timeoutMs: 5000, withinMs: 60_000, successes: 10 },
    ...{ logMaxBytes: 10 * 2 ** 20, logMaxFiles: 3, stopGraceMs: 10_000 },
    labels: {
      'driftlog.app': 'orders',
      'driftlog.env': 'staging',
      'com.docker.compose.project': 'orders-staging',
      'com.docker.compose.service': 'orders',
      'com.docker.compose.container-number': '2',
      'com.docker.compose.oneoff': 'False',
      'com.docker.compose.config-hash': expect.stringMatching(/^[0-9a-f]{64}$/)
    }
  })
})

test('what a definition says stands in the spec, in the units of the agent', () => {
  const spec = specIn({
    entrypoint: ['/init'],
    command: 'serve --at ${PORT} "a b"',
    ...{ user: '1000', workingDir: '/srv' },
    env: { A: 'x', B: 2, C: true },
    secrets: { D: { file: 'db' }, E: { env: 'KEY' } },
    volumes: [
      { source: 'data', target: '/data' },
      { source: '/etc/ssl', target: '/etc/ssl', readOnly: true }
    ],
    health: { tcp: true, everySeconds: 0.5, successes: 3 },
    resources: { cpus: 0.5, memoryMiB: 64, pids: 10 },
    logs: { maxSizeMiB: 1, maxFiles: 2, files: ['/srv/{a,b}.log', '/x/*.log'] },
    labels: { team: 'shop', 'driftlog.level': 'info' },
    stopGraceSeconds: 0.5
  })
  expect(Check(InstanceSpec, spec)).toBe(true)
  expect(spec).toMatchObject({
    entrypoint: ['/init'],
    command: ['serve', '--at', '${PORT}', 'a b'],
    ...{ user: '1000', workingDir: '/srv' },
    env: { A: 'x', B: '2', C: 'true' },
    secrets: [
      { name: 'D', file: 'db' },
      { name: 'E', env: 'KEY' }
    ],
    volumes: [
      { source: 'orders-staging_data', target: '/data', readOnly: false },
      { source: '/etc/ssl', target: '/etc/ssl', readOnly: true }
    ],
    health: { tcp: true, everyMs: 500, timeoutMs: 5000, withinMs: 60_000, successes: 3 },
    ...{ cpus: 0.5, memoryBytes: 64 * 2 ** 20, pidsLimit: 10 },
    ...{ logMaxBytes: 2 ** 20, logMaxFiles: 2, stopGraceMs: 500 },
    labels: { team: 'shop', 'driftlog.level': 'info', 'driftlog.files': '/srv/{a,b}.log /x/*.log' }
  })
})

test('the agent finds app, environment and replica in the labels, whatever the app is called', () => {
  for (const app of ['orders', 'web', 'db', 'a', 'orders-2', `a${'b'.repeat(62)}`])
    for (const environment of ['staging', 'production']) {
      const { labels } = specIn({}, { app, environment, slot: 12 })
      const described = { name: `${app}-${environment}-12-o1`, labels, env: [] }
      expect(identify(described, 'elsewhere')).toEqual({ app, environment, replica: '12', kind: 'driftlog' })
    }
})

test('the hash of compose is the same for what runs alike', () => {
  const hash = (...args: Parameters<typeof specIn>) =>
    specIn(...args).labels['com.docker.compose.config-hash']
  expect(hash({}, { slot: 5, deploy: 'd2', version: 9, port: 4 })).toBe(hash({}))
  expect(hash({ env: { A: 1 } })).not.toBe(hash({}))
  expect(hash({ labels: { a: 'b' } })).not.toBe(hash({}))
  expect(hash({}, { image: { reference: 'shop/orders:2' } })).not.toBe(hash({}))
})

test('overlays: maps by name, all else replaced, null takes away', () => {
  const definition = {
    image: 'shop/orders:1',
    command: ['a', 'b'],
    env: { A: 1, B: 2, C: 3 },
    health: { http: { path: '/a', status: 200 }, everySeconds: 3 },
    volumes: [{ source: 'a', target: '/a' }],
    environments: {
      plain: null,
      staging: {
        command: ['c'],
        env: { B: null, C: 4, D: null },
        health: { http: { path: '/b' } },
        volumes: [],
        labels: { x: 'y' }
      }
    }
  }
  const { environments: _, ...base } = definition
  expect(wantedOf(definition, 'plain')).toEqual(base)
  expect(wantedOf(definition, 'staging')).toEqual({
    image: 'shop/orders:1',
    command: ['c'],
    env: { A: 1, C: 4 },
    health: { http: { path: '/b', status: 200 }, everySeconds: 3 },
    volumes: [],
    labels: { x: 'y' }
  })
  for (const absent of ['production', 'constructor', '__proto__'])
    expect(() => wantedOf(definition, absent)).toThrow(
      expect.objectContaining({ code: 'DRIFTLOG_ENVIRONMENT_NOT_FOUND' })
    )
})
