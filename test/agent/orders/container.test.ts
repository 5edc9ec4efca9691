import { expect, test } from 'vitest'
import { containerName, containerOf, filled, slotLabels } from '../../../agent/orders/container.ts'
import type { InstanceSpec } from '../../../agent/protocol-orders.ts'

const GIVEN = { PORT: '20001', HOST_IP: '10.0.0.1' }
const SPEC: InstanceSpec = {
  ...{ app: 'shop', environment: 'test', slot: 2, deploy: 'd-1', version: 3, port: 20_001 },
  image: { reference: 'shop/app:1' },
  env: { URL: 'http://${HOST_IP}:${PORT}', PORT: '1' },
  ...{ secrets: [], volumes: [] },
  health: { tcp: true, everyMs: 1000, timeoutMs: 1000, withinMs: 60_000, successes: 2 },
  ...{ logMaxBytes: 1_000_000, logMaxFiles: 3, stopGraceMs: 1500 },
  labels: { 'driftlog.order': 'another', 'com.docker.compose.service': 'shop' }
}
const PARTS = { order: 'o-1', image: 'shop/app:1', address: '10.0.0.1', mounts: [], secrets: { KEY: 'k' } }

test.each([
  ['${PORT}', '20001'],
  ['http://${HOST_IP}:${PORT}/', 'http://10.0.0.1:20001/'],
  ['$${PORT}', '${PORT}'],
  ['$$$$', '$$'],
  ['$$$${PORT}', '$${PORT}'],
  ['$PORT ${OTHER} $', '$PORT ${OTHER} $']
])('%s becomes %s', (text, expected) => {
  expect(filled(text, GIVEN)).toBe(expected)
})

test('the order’s own labels and variables count more than those of the definition', () => {
  const made = containerOf(SPEC, PARTS)
  expect(made.Env).toEqual(['URL=http://10.0.0.1:20001', 'PORT=20001', 'KEY=k', 'HOST_IP=10.0.0.1'])
  expect(made.Labels).toMatchObject({
    ...{ 'driftlog.order': 'o-1', 'driftlog.slot': '2', 'driftlog.stop-grace-ms': '1500' },
    'com.docker.compose.service': 'shop'
  })
  expect(JSON.parse(made.Labels['driftlog.check'] ?? '')).toEqual(SPEC.health)
})

test('nothing of the host but its network, and nothing restarts it yet', () => {
  const { HostConfig, StopTimeout } = containerOf(SPEC, PARTS)
  expect(HostConfig).toEqual({
    NetworkMode: 'host',
    RestartPolicy: { Name: 'no' },
    LogConfig: { Type: 'json-file', Config: { 'max-size': '1000000', 'max-file': '3' } },
    Mounts: []
  })
  expect(StopTimeout).toBe(2)
})

test('it is found by labels, and has a name of its own', () => {
  expect(containerName(SPEC, 'o-1')).toBe('shop-test-2-o-1')
  expect(slotLabels(SPEC)).toEqual([
    'driftlog.order',
    'driftlog.app=shop',
    'driftlog.env=test',
    'driftlog.slot=2'
  ])
})
