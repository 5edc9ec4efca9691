import { expect, test } from 'vitest'
import { entryOf } from '../../../agent/journal/entry.ts'
import { containerOf, unitFacts, unitMatcher } from '../../../agent/journal/unit.ts'

const entry = (fields: object) =>
  entryOf(
    Buffer.from(JSON.stringify({ __CURSOR: 's=1', __REALTIME_TIMESTAMP: '1795428000000123', ...fields }))
  )

test('an entry says its unit, time, priority and text, whatever shape the text has', () => {
  expect(entry({ MESSAGE: 'started', _SYSTEMD_UNIT: 'nginx.service', PRIORITY: '3' })).toMatchObject({
    ...{ cursor: 's=1', time: '2026-11-23T10:00:00.000123000Z', unit: 'nginx.service', priority: '3' },
    ofContainer: false
  })
  const text = (message: unknown) => entry({ MESSAGE: message })?.text
  expect(text('two\nlines')).toEqual(Buffer.from('two\nlines'))
  expect(text([0, 255, 10])).toEqual(Buffer.from([0, 255, 10]))
  expect(text(['one', [255]])).toEqual(Buffer.from([0x6f, 0x6e, 0x65, 10, 255]))
  expect(text(null)).toEqual(Buffer.alloc(0))
  expect(entryOf(Buffer.from('no json'))).toBeUndefined()
})

test('what systemd says of a unit belongs to it; the kernel and others have names of their own', () => {
  const unit = (fields: object) => entry({ MESSAGE: 'x', ...fields })?.unit
  expect(unit({ _SYSTEMD_UNIT: 'init.scope', UNIT: 'nginx.service' })).toBe('nginx.service')
  expect(unit({ _TRANSPORT: 'kernel', SYSLOG_IDENTIFIER: 'kernel' })).toBe('kernel')
  expect(unit({ SYSLOG_IDENTIFIER: 'sudo' })).toBe('sudo')
  expect(unit({})).toBe('unknown')
  expect(entry({ CONTAINER_ID_FULL: '4f2d' })?.ofContainer).toBe(true)
})

test('units become instances; their ids keep to the protocol’s limit', () => {
  expect(unitFacts('orders@2.service', 'production')).toMatchObject({
    ...{ container: 'journal/orders@2.service', app: 'orders', replica: '2', environment: 'production' },
    ...{ identity: 'host', logSource: 'journal' }
  })
  const long = containerOf(`${'x'.repeat(200)}.service`)
  expect(long).toHaveLength(128)
  expect(long).not.toBe(containerOf(`${'x'.repeat(201)}.service`))
})

test('patterns of units', () => {
  const wanted = (patterns: string) => {
    const matches = unitMatcher(patterns)
    return ['nginx.service', 'orders@1.service', 'ssh.socket', 'kernel'].filter(matches)
  }
  expect(wanted('nginx')).toEqual(['nginx.service'])
  expect(wanted('orders@*, kernel')).toEqual(['orders@1.service', 'kernel'])
  expect(wanted('*.socket nginx.service')).toEqual(['nginx.service', 'ssh.socket'])
  expect(wanted('*')).toHaveLength(4)
})
