import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { roomFor, writeRecord } from '../../../agent/spool/record.ts'
import { JsonFileLog, rfc3339Nano } from '../../../server/demo/jsonfile.ts'

function recordOf(text: Uint8Array, nanos: bigint, attrs?: string): string {
  const time = `${rfc3339Nano(nanos - (nanos % 1_000_000_000n)).slice(0, -1)}.${String(nanos % 1_000_000_000n).padStart(9, '0')}Z`
  const piece = { output: 'stderr' as const, time, text, ...(attrs && { attrs }) }
  const into = Buffer.alloc(roomFor(piece))
  return into.toString('utf8', 0, writeRecord(into, 0, piece))
}

test('records are those of dockerd, byte for byte, whatever bytes a container writes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'driftlog-record-'))
  const texts = [
    Buffer.from('plain\n'),
    Buffer.from('"quoted" \\ <a href="x">&\t\r\u0007\u007f é 登录 😀 \u2028 \u2029\n'),
    Buffer.from([
      0xff, 0xc3, 0x28, 0xe2, 0x80, 0x20, 0xed, 0xa0, 0x80, 0xf4, 0x90, 0x80, 0x80, 0xc0, 0x80, 10
    ]),
    Buffer.from([0xf0, 0x9f, 0x98, 10]),
    Buffer.from(
      Array.from({ length: 2000 }, (_, index) => (index * 7919) % 251)
        .filter((byte) => byte !== 10)
        .concat(10)
    )
  ]
  const times = [0n, 500_000_000n, 1n, 120_000_000n, 999_999_999n].map(
    (nanos) => 1_795_428_000_000_000_000n + nanos
  )
  const path = join(folder, 'x-json.log')
  const log = new JsonFileLog(path, {}, '')
  for (const [index, text] of texts.entries()) log.write('stderr', text, times[index] ?? 0n)
  log.close(0n)
  expect(texts.map((text, index) => recordOf(text, times[index] ?? 0n)).join('')).toBe(
    readFileSync(path, 'utf8')
  )
  rmSync(folder, { recursive: true })
})

test('attributes stand where dockerd has them', () => {
  expect(recordOf(Buffer.from('x\n'), 1_795_428_000_000_000_000n, '{"PRIORITY":"3"}')).toBe(
    '{"log":"x\\n","stream":"stderr","attrs":{"PRIORITY":"3"},"time":"2026-11-23T10:00:00Z"}\n'
  )
})
