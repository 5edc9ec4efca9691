/** The agent's own check against the schema of the protocol: what it takes is an order, what it names is wrong. */
import { Compile } from 'typebox/compile'
import { expect, test } from 'vitest'
import { problemOf } from '../../../agent/orders/shape.ts'
import { type InstanceSpec, Order } from '../../../agent/protocol-orders.ts'

const schema = Compile(Order)
const SPEC: InstanceSpec = {
  ...{ app: 'shop', environment: 'production', slot: 1, deploy: 'd-1', version: 3, port: 20_001 },
  image: { reference: 'registry.example.org/shop/app:1', digest: `sha256:${'a'.repeat(64)}` },
  entrypoint: ['/app'],
  command: [],
  env: { LOG_LEVEL: 'info' },
  secrets: [
    { name: 'DB', file: 'orders-db' },
    { name: 'KEY', env: 'API_KEY' }
  ],
  volumes: [{ source: 'data', target: '/data', readOnly: false }],
  health: { http: { path: '/healthz' }, everyMs: 1000, timeoutMs: 1000, withinMs: 60_000, successes: 2 },
  ...{ cpus: 0.5, memoryBytes: 2 ** 28, pidsLimit: 100, user: '1000:1000', workingDir: '/app' },
  ...{ logMaxBytes: 2 ** 20, logMaxFiles: 3, stopGraceMs: 10_000, labels: { 'com.example': 'x' } }
}
const replace = (more: object = {}) => ({
  id: 'o-1',
  deploy: 'd-1',
  kind: 'replace',
  spec: { ...SPEC, ...more }
})

test('orders of each kind are taken', () => {
  const remove = { kind: 'remove', app: 'shop', environment: 'test', slot: 1, stopGraceMs: 0 }
  for (const order of [
    replace(),
    { id: 'o', deploy: 'd', kind: 'pull', image: SPEC.image },
    { id: 'o', deploy: 'd', ...remove }
  ]) {
    expect([schema.Errors(order), problemOf(order)]).toEqual([[], undefined])
  }
})

test.each([
  ['no object', 'reboot', 'it is no object'],
  ['id', { ...replace(), id: '../x' }, 'id must be'],
  ['id', { ...replace(), id: 'a/b' }, 'id must be'],
  ['kind', { ...replace(), kind: 'reboot' }, 'kind must be'],
  ['no spec', { id: 'o', deploy: 'd', kind: 'replace' }, 'spec must be'],
  ['app', replace({ app: 'shop;reboot' }), 'spec.app'],
  ['app', replace({ app: 'Shop' }), 'spec.app'],
  ['environment', replace({ environment: '../../x' }), 'spec.environment'],
  ['slot', replace({ slot: 0 }), 'spec.slot'],
  ['slot', replace({ slot: 1.5 }), 'spec.slot'],
  ['port', replace({ port: 70_000 }), 'spec.port'],
  ['port', replace({ port: '80' }), 'spec.port'],
  ['image', replace({ image: { reference: 'a b' } }), 'spec.image.reference'],
  ['digest', replace({ image: { reference: 'a', digest: 'sha256:x' } }), 'spec.image.digest'],
  ['command', replace({ command: 'rm -rf /' }), 'spec.command'],
  ['command', replace({ command: ['a\0b'] }), 'spec.command'],
  ['variable', replace({ env: { 'A=B': 'x' } }), 'spec.env'],
  ['variable', replace({ env: { A: 1 } }), 'spec.env.A'],
  ['labels', replace({ labels: [] }), 'spec.labels'],
  ['secret', replace({ secrets: [{ name: 'S', file: '../x' }] }), 'spec.secrets.0.file'],
  ['secret', replace({ secrets: [{ name: 'S' }] }), 'spec.secrets.0 must be either'],
  ['secret', replace({ secrets: [{ name: 'S', file: 'a', env: 'B' }] }), 'spec.secrets.0 must be either'],
  ['volume', replace({ volumes: [{ source: 'a', target: 'b', readOnly: true }] }), 'spec.volumes.0.target'],
  ['volume', replace({ volumes: [{ source: 'a', target: '/b' }] }), 'spec.volumes.0.readOnly'],
  ['volume', replace({ volumes: ['a:/b'] }), 'spec.volumes.0 must be'],
  ['health', replace({ health: {} }), 'spec.health.everyMs'],
  ['path', replace({ health: { ...SPEC.health, http: { path: '/a b\r\nX: y' } } }), 'spec.health.http.path'],
  ['expression', replace({ health: { ...SPEC.health, log: 'x'.repeat(600) } }), 'spec.health.log'],
  ['memory', replace({ memoryBytes: 1 }), 'spec.memoryBytes'],
  ['log', replace({ logMaxFiles: 0 }), 'spec.logMaxFiles'],
  ['grace', replace({ stopGraceMs: -1 }), 'spec.stopGraceMs']
])('refused by its place: %s', (_, order, expected) => {
  expect(problemOf(order)).toContain(expected)
})

test('whatever the schema does not take the agent does not take either', () => {
  for (const [name, value] of Object.entries(SPEC)) {
    for (const other of [null, -1, 'x y', true, {}, [], [null], { a: null }]) {
      const order = replace({ [name]: other })
      const isOrder = schema.Check(order)
      if (!isOrder) expect([name, other, problemOf(order)]).not.toEqual([name, other, undefined])
    }
    const { [name]: left, ...rest } = SPEC as unknown as Record<string, unknown>
    const order = { ...replace(), spec: rest }
    if (!schema.Check(order))
      expect([name, left === value, problemOf(order)]).not.toEqual([name, true, undefined])
  }
})
