import { describe, expect, test } from 'vitest'
import { TextTime } from '../../../collector/parse/text-time.ts'

const NOW_MS = Date.UTC(2026, 10, 25, 13, 5)

/** The time that a line says, as RFC 3339; undefined where it says none. */
function timeOf(text: string, nowMs = NOW_MS): string | undefined {
  const bytes = new Uint8Array([...new TextEncoder().encode(text), ...new Uint8Array(32)])
  const time = new TextTime()
  const to = bytes.length - 32
  if (!time.read(bytes, new DataView(bytes.buffer), 0, to, nowMs)) return undefined
  return `${new Date(time.timeMs).toISOString().slice(0, -1)}${String(time.nanos).padStart(6, '0')}Z`
}

const AT_ONE = '2026-11-25T13:00:00.000000000Z'

describe('the time of a line', () => {
  test.each([
    ['2026-11-25T13:00:00Z started', AT_ONE],
    ['2026-11-25T13:00:00.123456789Z started', '2026-11-25T13:00:00.123456789Z'],
    ['2026-11-25T14:00:00+01:00 started', AT_ONE],
    ['2026-11-25T08:00:00-0500 started', AT_ONE],
    ['2026-11-25 13:00:00 INFO started', AT_ONE],
    ['2026-11-25 13:00:00', AT_ONE],
    ['2026-11-25 13:00:00,123 - root - INFO - started', '2026-11-25T13:00:00.123000000Z'],
    ['2026-11-25 13:00:00.123  INFO 1 --- [main] c.e.App : up', '2026-11-25T13:00:00.123000000Z'],
    ['2026-11-25 13:00:00.123 UTC [41] LOG:  ready', '2026-11-25T13:00:00.123000000Z'],
    ['2026-11-25 14:00:00.5+01 [41] LOG:  ready', '2026-11-25T13:00:00.500000000Z'],
    ['2026-11-25 13:00:00 +0000 UTC started', AT_ONE],
    ['2026-11-25 13:00:00 -5 items left', AT_ONE],
    ['2026/11/25 13:00:00 [error] 29#29: *1 open() failed', AT_ONE],
    ['2026/11/25 13:00:00.000250 main.go:12: up', '2026-11-25T13:00:00.000250000Z'],
    ['[2026-11-25 13:00:00] production.ERROR: x', AT_ONE],
    ['[2026-11-25T13:00:00.000Z] "GET /"', AT_ONE],
    ['INFO  [2026-11-25 13:00:00,007] io.dropwizard: up', '2026-11-25T13:00:00.007000000Z'],
    ['info: 2026-11-25T13:00:00Z up', AT_ONE],
    ['WARN 2026-11-25 13:00:00 low memory', AT_ONE],
    ['\x1b[2m2026-11-25T13:00:00.5Z\x1b[0m \x1b[32m INFO\x1b[0m app: up', '2026-11-25T13:00:00.500000000Z'],
    ['orders-1  | 2026-11-25T13:00:00Z up', AT_ONE],
    ['10.0.0.7 - - [25/Nov/2026:13:00:00 +0000] "GET / HTTP/1.1" 200 5', AT_ONE],
    ['shop.example.com:443 10.0.0.7 - bob smith [25/Nov/2026:15:00:00 +0200] "GET /"', AT_ONE],
    ['[25-Nov-2026 13:00:00 UTC] PHP Notice:  x', AT_ONE],
    ['25-Nov-2026 13:00:00.123 INFO [main] org.apache', '2026-11-25T13:00:00.123000000Z'],
    ['1:M 25 Nov 2026 13:00:00.123 * Ready to accept connections', '2026-11-25T13:00:00.123000000Z'],
    ['Nov 25 13:00:00 web-1 sshd[7]: x', AT_ONE],
    ['Nov  5 13:00:00 web-1 sshd[7]: x', '2026-11-05T13:00:00.000000000Z'],
    ['<34>Nov 25 13:00:00 web-1 su: x', AT_ONE],
    ['<34>1 2026-11-25T13:00:00.003Z web-1 su - ID47 - x', '2026-11-25T13:00:00.003000000Z'],
    ['Nov 25, 2026 1:00:00 PM com.example.App main', AT_ONE],
    ['Nov 25, 2026 12:00:00 AM com.example.App main', '2026-11-25T00:00:00.000000000Z'],
    ['[Wed Nov 25 13:00:00.500000 2026] [core:notice] [pid 1] x', '2026-11-25T13:00:00.500000000Z'],
    ['Wed, 25 Nov 2026 13:00:00 GMT x', AT_ONE],
    ['I1125 13:00:00.000042       1 server.go:5] x', '2026-11-25T13:00:00.000042000Z'],
    ['E20261125 13:00:00.000042 1 server.cc:5] x', '2026-11-25T13:00:00.000042000Z'],
    ['1795611600.123    45 10.0.0.7 TCP_MISS/200 GET', '2026-11-25T13:00:00.123000000Z'],
    ['time="2026-11-25T13:00:00Z" level=info msg=up', AT_ONE],
    ['level=info ts=2026-11-25T13:00:00.000Z caller=main.go:1 msg=up', AT_ONE],
    ['ts=1795611600.5 level=info', '2026-11-25T13:00:00.500000000Z'],
    ['{"level":"info","time":1795611600000,"msg":"up"}', AT_ONE],
    ['{"level":"info","ts":1795611600.25,"msg":"up"}', '2026-11-25T13:00:00.250000000Z'],
    ['{"ts":1795611600000000001}', '2026-11-25T13:00:00.000000001Z'],
    ['{"a":{"time":1},"@timestamp":"2026-11-25T13:00:00.000Z"}', AT_ONE],
    ['{"@t":"2026-11-25T13:00:00.0000000Z","@m":"up"}', AT_ONE],
    ['{"timestamp": "1795611600000", "m": 1}', AT_ONE],
    ['{"Time":"2026-11-25 13:00:00,000"}', AT_ONE]
  ])('%s', (text, expected) => {
    expect(timeOf(text)).toBe(expected)
  })

  test.each([
    'started',
    '',
    'the backup of 2026-11-25 13:00:00 was deleted',
    'at 2026-11-25 13:00:00 everything was fine',
    '2026-13-25 13:00:00 no such month',
    '2026-02-29 13:00:00 no such day',
    '2026-11-25 25:00:00 no such hour',
    '2026-11-25 13:00',
    '13:00:00.123 [main] INFO nobody knows the day',
    '1795611600 items',
    '10.0.0.7:8080 answered',
    'Marching 25 13:00:00',
    'INFO nothing 2026',
    '{"msg":"time","n":1}',
    '{"time":17}',
    '{"time":',
    '{"time":"soon"}',
    'Nov 31 13:00:00 web-1 x',
    'E1325 13:00:00.000042 no month'
  ])('none: %s', (text) => {
    expect(timeOf(text)).toBeUndefined()
  })

  test('a year that is not said is the one before arrival, over New Year too', () => {
    expect(timeOf('Dec 31 23:59:58 web-1 x', Date.UTC(2027, 0, 1, 0, 0, 2))).toBe(
      '2026-12-31T23:59:58.000000000Z'
    )
    expect(timeOf('Jan  1 00:00:01 web-1 x', Date.UTC(2026, 11, 31, 23, 59, 59))).toBe(
      '2027-01-01T00:00:01.000000000Z'
    )
    expect(timeOf('Feb  3 13:00:00 web-1 x')).toBe('2026-02-03T13:00:00.000000000Z')
    expect(timeOf('Feb 29 13:00:00 web-1 x', Date.UTC(2025, 0, 3))).toBe('2024-02-29T13:00:00.000000000Z')
  })

  test('lines of other shapes between do not make it forget how it is read', () => {
    const lines = [
      'INFO  [2026-11-25 13:00:00,007] a',
      '\tat b.C.d(E.java:1)',
      'x',
      'WARN  [2026-11-25 13:00:01,008] c'
    ]
    const time = new TextTime()
    const read = lines.map((line) => {
      const bytes = new Uint8Array(Buffer.from(line.padEnd(80)))
      return time.read(bytes, new DataView(bytes.buffer), 0, line.length, NOW_MS)
    })
    expect(read).toEqual([true, false, false, true])
    expect(time.timeMs).toBe(Date.UTC(2026, 10, 25, 13, 0, 1, 8))
  })
})
