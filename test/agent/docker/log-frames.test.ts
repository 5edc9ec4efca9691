import { expect, test } from 'vitest'
import { BareLog, EngineLogError, FramedLog, type LogDecoder } from '../../../agent/docker/log-frames.ts'
import { frame } from '../../fakes/engine-logs.ts'

type Told = [output: string, time: string, text: string]

const T = (digit: number) => `2026-11-25T13:47:23.60430082${digit}Z`

function decoded(decoder: LogDecoder, chunks: readonly Buffer[]): Told[] {
  const told: Told[] = []
  const each = (output: string, time: string, text: Buffer) => told.push([output, time, text.toString()])
  for (const chunk of chunks) decoder.push(chunk, each)
  decoder.end(each)
  return told
}

const RECORDS: Told[] = [
  ['stdout', T(1), 'hello\n'],
  ['stderr', T(2), '\n'],
  ['stdout', T(3), 'no newline'],
  ['stderr', T(4), '登录\n']
]
const FRAMES = Buffer.concat(
  RECORDS.map(([output, time, text]) => frame(output === 'stderr' ? 2 : 1, `${time} ${text}`))
)

test('frames are the same wherever the answer is cut in two, and byte for byte', () => {
  for (let cut = 0; cut <= FRAMES.length; cut++) {
    expect(decoded(new FramedLog(), [FRAMES.subarray(0, cut), FRAMES.subarray(cut)])).toEqual(RECORDS)
  }
  const bytes = Array.from(FRAMES, (byte) => Buffer.from([byte]))
  expect(decoded(new FramedLog(), bytes)).toEqual(RECORDS)
})

test('an answer that ends within a frame, or is none, is no complete one', () => {
  for (let end = 1; end < FRAMES.length; end++) {
    const decoder = new FramedLog()
    let pieces = 0
    decoder.push(FRAMES.subarray(0, end), () => pieces++)
    const whole = [0, 45, 85, 134, FRAMES.length].includes(end)
    if (!whole) expect(() => decoder.end()).toThrow('middle of a record')
  }
  expect(() => decoded(new FramedLog(), [Buffer.from('HTTP/1.1 502 Bad Gateway')])).toThrow('not a stream')
})

test('an error within the answer comes after what stood before it', () => {
  const told: string[] = []
  const decoder = new FramedLog()
  const chunk = Buffer.concat([frame(1, `${T(1)} before\n`), frame(3, 'Error grabbing logs: disk')])
  expect(() => decoder.push(chunk, (_output, _time, text) => told.push(text.toString()))).toThrow(
    EngineLogError
  )
  expect(told).toEqual(['before\n'])
})

test('local times of an engine become UTC, whatever digits they have', () => {
  const records = ['2026-11-25T14:47:23.5+01:00 a\n', '2026-11-25T13:47:23Z b\n', 'no time at all\n']
  const frames = Buffer.concat(records.map((record) => frame(1, record)))
  expect(decoded(new FramedLog(), [frames])).toEqual([
    ['stdout', '2026-11-25T13:47:23.500000000Z', 'a\n'],
    ['stdout', '2026-11-25T13:47:23.000000000Z', 'b\n'],
    ['stdout', '', 'no time at all\n']
  ])
})

test('the log of a terminal is the same wherever it is cut, long lines and lines without an end too', () => {
  const piece = 'x'.repeat(16 * 1024)
  const records: Told[] = [
    ['stdout', T(1), 'hello\r\n'],
    ['stdout', T(2), piece],
    ['stdout', T(2), piece],
    // Some engines leave out the newline of the last piece.
    ['stdout', T(2), 'end\r'],
    ['stdout', T(3), 'next\r\n'],
    ['stdout', T(4), piece],
    ['stdout', T(4), 'end\r\n'],
    ['stdout', T(5), '$ ']
  ]
  const bytes = Buffer.from(records.map(([, time, text]) => `${time} ${text}`).join(''))
  for (let cut = 0; cut <= bytes.length; cut += cut % 16_384 < 200 ? 1 : 61) {
    expect(decoded(new BareLog(), [bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(records)
  }
  expect(
    decoded(
      new BareLog(),
      Array.from(bytes, (byte) => Buffer.from([byte]))
    )
  ).toEqual(records)
})
