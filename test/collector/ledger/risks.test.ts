import { expect, test } from 'vitest'
import type { InstanceFacts } from '../../../agent/protocol.ts'
import { risksOf } from '../../../collector/ledger/risks.ts'
import { facts } from '../hub.ts'

const ROTATED = { 'max-size': '10m', 'max-file': '3' }

test.each<[string, Partial<InstanceFacts>, string[]]>([
  ['a log that rotates well', { logDriver: 'json-file', logOptions: ROTATED }, []],
  ['Docker’s default', { logDriver: 'json-file', logOptions: {} }, ['no-rotation']],
  ['an unlimited size', { logDriver: 'json-file', logOptions: { 'max-size': '-1' } }, ['no-rotation']],
  ['one file', { logDriver: 'json-file', logOptions: { 'max-size': '50m' } }, ['one-file']],
  [
    'little',
    { logDriver: 'json-file', logOptions: { 'max-size': '1m', 'max-file': '3' } },
    ['small-rotation']
  ],
  [
    'bytes without a unit',
    { logDriver: 'json-file', logOptions: { 'max-size': '9000000', 'max-file': '2' } },
    []
  ],
  [
    'a ring that drops',
    { logDriver: 'json-file', logOptions: { ...ROTATED, mode: 'non-blocking' } },
    ['non-blocking']
  ],
  ['the engine’s answers', { logDriver: 'journald', logSource: 'api' }, ['engine-api']],
  [
    'a driver that is not read',
    { logDriver: 'gelf', unread: 'the log driver "gelf" is not read; set it to json-file to see this log' },
    ['not-read']
  ],
  [
    'a folder without permission, and no rotation',
    { logDriver: 'json-file', unread: '/var/lib/docker cannot be read' },
    ['not-read', 'no-rotation']
  ],
  [
    'an opt-out',
    { logDriver: 'json-file', logOptions: ROTATED, unread: 'opted out by LOGSPOUT=ignore' },
    ['opted-out']
  ],
  ['a sandbox', { unread: 'a pod sandbox, which writes nothing' }, []],
  ['files of the host', { logSource: 'host' }, []],
  ['nothing known', {}, []]
])('%s', (_name, more, codes) => {
  expect(risksOf(facts('c1', more)).map(({ code }) => code)).toEqual(codes)
})

test('each risk says what it is and the way out; only some make a source blind', () => {
  const risky = { logDriver: 'json-file', logOptions: { mode: 'non-blocking', 'max-buffer-size': '4m' } }
  const risks = risksOf(facts('c1', risky), ['driftlog.files: "[" is no pattern'])
  expect(risks).toMatchObject([
    { code: 'non-blocking', blind: true, message: expect.stringContaining('4m') },
    { code: 'no-rotation', blind: false, advice: expect.stringContaining('max-size=10m') },
    { code: 'label', blind: false, message: 'driftlog.files: "[" is no pattern' }
  ])
})
