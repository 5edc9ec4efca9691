/** Lines that belong together: what waits and for how long, people's own rules, and that no line is lost or doubled. */
import { describe, expect, test } from 'vitest'
import { handlingOf, PLAIN_HANDLING } from '../../../collector/handling.ts'
import { ColumnsBuilder } from '../../../collector/parse/columns.ts'
import {
  flush,
  holdsEvents,
  isIdle,
  mayFlush,
  parseChunk,
  waitMs
} from '../../../collector/parse/generation.ts'
import { PIECE_BYTES } from '../../../collector/parse/pieces.ts'
import {
  beginReading,
  type Format,
  LINE_BYTES,
  type Manner,
  mannerOf,
  noCounts,
  type Reading
} from '../../../collector/parse/reading.ts'
import { FLAG } from '../../../collector/record.ts'
import { labelledFiles } from './corpus.ts'
import { dockerLine, NOW_MS, type ReadRecord, randomFrom, readFile, rows } from './lines.ts'

const labelled = (labels: Record<string, string>, format: Format = 'docker') =>
  mannerOf(format, handlingOf(labels))
const logs = (texts: string[], stream = 'stdout') =>
  Buffer.concat(texts.map((text) => dockerLine(`${text}\n`, { stream })))
const joined = (texts: string[], manner?: Manner) =>
  readFile(logs(texts), [], false, manner).records.map((record) => record.text)

const TRACE = ['java.lang.IllegalStateException: no', '\tat a.B.c(B.java:1)', '\tat a.B.d(B.java:2)']

describe('an event', () => {
  test('has the place, time and level of its first line, and ends where its last one does', () => {
    const first = dockerLine('ERROR failed\n', { stream: 'stderr', time: '2026-11-22T08:32:35.1Z' })
    const rest = TRACE.map((text) =>
      dockerLine(`${text}\n`, { stream: 'stderr', time: '2026-11-22T08:32:35.2Z' })
    )
    const file = Buffer.concat([first, ...rest])
    expect(readFile(file).records).toEqual([
      {
        time: '2026-11-22T08:32:35.100000000Z',
        offset: 0,
        end: file.length,
        level: 'error',
        output: 'stderr',
        flags: 0,
        text: ['ERROR failed', ...TRACE].join('\n')
      }
    ])
  })

  test('that is a stack trace is an error, whatever its first line says', () => {
    expect(readFile(logs(TRACE)).records).toMatchObject([{ level: 'error' }])
    expect(readFile(logs(['{', '  "a": 1', '}'])).records).toMatchObject([{ level: 'unknown' }])
  })

  test('of one output is not cut by lines of the other', () => {
    const file = Buffer.concat(TRACE.flatMap((text) => [logs([text], 'stderr'), logs(['ok'])]))
    const { records } = readFile(file)
    expect(records.map((r) => [r.output, r.text])).toEqual([
      ['stdout', 'ok'],
      ['stdout', 'ok'],
      ['stdout', 'ok'],
      ['stderr', TRACE.join('\n')]
    ])
  })

  test('whose lines are seconds apart is none', () => {
    const at = (second: number, text: string) =>
      dockerLine(`${text}\n`, { time: `2026-11-22T08:32:${second}.5Z` })
    const file = Buffer.concat([at(10, TRACE[0] ?? ''), at(11, TRACE[1] ?? ''), at(20, TRACE[2] ?? '')])
    expect(readFile(file).records.map((r) => r.text)).toEqual([TRACE.slice(0, 2).join('\n'), TRACE[2]])
  })

  test('is bounded in lines and bytes; what follows is looked at anew', () => {
    const frames = Array.from({ length: 4500 }, (_, i) => `\tat a.B.c(B.java:${i})`)
    const { records, counts } = readFile(logs(['java.lang.StackOverflowError', ...frames]))
    expect(records.map((r) => [r.text.split('\n').length, r.flags])).toEqual([
      [2001, FLAG.cut],
      [2001, FLAG.cut],
      [499, 0]
    ])
    expect(counts.cut).toBe(2)
    const long = Array.from({ length: 9 }, (_, i) => `\tat a.B.c(B.java:${i})${' '.repeat(LINE_BYTES / 8)}`)
    const { records: parts } = readFile(logs(long))
    expect(parts.length).toBeGreaterThan(1)
    expect(parts.map((r) => r.text).join('\n')).toBe(long.join('\n'))
  })

  test('has colours, and is found behind them', () => {
    const { records } = readFile(logs(['\x1b[31mERROR\x1b[0m no', `\x1b[31m${TRACE[0]}`, TRACE[1] ?? '']))
    expect(records).toMatchObject([{ flags: FLAG.ansi }])
  })

  test('loses its secrets, and leaves the line that ends it alone', () => {
    const lines = [
      'ERROR no login with password=hunter2hunter2',
      '\tat a.B.c(B.java:1)',
      'INFO next password=hunter3hunter3'
    ]
    const { records } = readFile(logs(lines))
    expect(records.map((r) => r.flags & FLAG.redacted)).toEqual([FLAG.redacted, FLAG.redacted])
    expect(records.map((r) => r.text.replaceAll('[redacted]', '#'))).toEqual([
      'ERROR no login with password=#\n\tat a.B.c(B.java:1)',
      'INFO next password=#'
    ])
  })

  test('can have a line of many pieces', () => {
    const message = 'm'.repeat(PIECE_BYTES - 30)
    const file = Buffer.concat([
      dockerLine(`java.lang.IllegalStateException: ${message}`.slice(0, PIECE_BYTES)),
      dockerLine('m\n'),
      logs(TRACE.slice(1))
    ])
    const { records, reading } = readFile(file)
    expect(records.map((r) => r.text.split('\n').length)).toEqual([3])
    expect(reading).toMatchObject({ open: 0, held: 0 })
  })
})

describe('what waits', () => {
  function reader(manner?: Manner) {
    const reading = beginReading(0, 0, NOW_MS, manner)
    const builder = new ColumnsBuilder()
    return {
      reading,
      feed(texts: string[]): string[] {
        const bytes =
          manner?.format === 'text' ? Buffer.from(texts.map((t) => `${t}\n`).join('')) : logs(texts)
        parseChunk(reading, bytes, false, NOW_MS, builder, noCounts())
        return rows(builder.finish()).map((r) => r.text)
      },
      wait(ms: number): string[] {
        if (isIdle(reading, NOW_MS + ms, waitMs(reading)))
          flush(reading, builder, noCounts(), NOW_MS + ms, false)
        return rows(builder.finish()).map((r) => r.text)
      }
    }
  }

  test.each([
    '2026-11-25 13:00:00 INFO started',
    'GET /cart 200',
    '{"level":"error","msg":"whole"}',
    '10.0.0.7 - - [25/Nov/2026:13:00:00 +0000] "GET / HTTP/1.1" 200 5',
    'Started Application in 2.1 seconds',
    '  an indented line',
    '',
    'Exceptionally good weather',
    'level=info msg=up',
    'level=error msg=down',
    '10.0.0.7 - - [25/Nov/2026:13:00:00 +0000] "GET /cart HTTP/1.1" 503 5',
    '[25/Nov/2026 13:00:02] "POST /checkout/ HTTP/1.1" 500 145',
    'time="2026-11-25T13:00:00Z" level=warning msg=low'
  ])('not an ordinary line: %s', (text) => {
    const { feed, reading } = reader()
    expect(feed([text])).toEqual([text])
    expect(reading.open).toBe(0)
  })

  test.each(['ERROR no', 'WARN low', 'panic: no', 'java.lang.Error: no', 'Settings:', '{', '/app/a.js:3'])(
    'a line that may begin an event, for a moment: %s',
    (text) => {
      const { feed, wait, reading } = reader()
      expect(feed([text])).toEqual([])
      expect(reading.committed).toBe(0)
      expect(wait(399)).toEqual([])
      expect(wait(400)).toEqual([text])
      expect(reading).toMatchObject({ open: 0, held: 0, committed: reading.next })
    }
  )

  test('the next line says at once that nothing follows', () => {
    const { feed } = reader()
    expect(feed(['ERROR no', 'INFO yes'])).toEqual(['ERROR no', 'INFO yes'])
  })

  test('a trace that comes in two deliveries is one event', () => {
    const { feed, wait } = reader()
    expect(feed(TRACE.slice(0, 2))).toEqual([])
    expect(feed(TRACE.slice(2))).toEqual([])
    expect(wait(400)).toEqual([TRACE.join('\n')])
  })

  test('lines in doubt come out as they were', () => {
    const { feed, wait } = reader()
    expect(feed([TRACE[0] ?? '', 'and so on', 'x'])).toEqual([])
    expect(wait(400)).toEqual([TRACE[0], 'and so on', 'x'])
    const text = reader(labelled({}, 'text'))
    expect(text.feed([TRACE[0] ?? '', 'and so on', ''])).toEqual([])
    expect(text.wait(400)).toEqual([TRACE[0], 'and so on', ''])
    expect(text.reading.stored).toBe(text.reading.next)
  })
})

describe("people's own rules", () => {
  test('off', () => {
    expect(joined(TRACE, labelled({ 'driftlog.multiline': 'off' }))).toEqual(TRACE)
  })

  test('start: a line that matches begins an event', () => {
    const lines = ['> a', 'b', 'c', '> d', '> e', 'f']
    expect(joined(lines, labelled({ 'driftlog.multiline': 'start:^>' }))).toEqual([
      '> a\nb\nc',
      '> d',
      '> e\nf'
    ])
  })

  test('continue: a line that matches belongs to the one before', () => {
    const lines = ['a', '+ b', '+ c', 'd', 'e', '+ f']
    expect(joined(lines, labelled({ 'driftlog.multiline': 'continue:^\\+' }))).toEqual([
      'a\n+ b\n+ c',
      'd',
      'e\n+ f'
    ])
  })

  test.each([
    [{ pattern: '^b' }, ['a\nb\nb', 'c', 'a\nb']],
    [{ pattern: '^b', negate: 'true' }, ['a', 'b', 'b\nc\na', 'b']],
    [{ pattern: '^b', match: 'before' }, ['a', 'b\nb\nc', 'a', 'b']],
    [{ pattern: '^b', negate: 'true', match: 'before' }, ['a\nb', 'b', 'c\na\nb']]
  ])("Filebeat's %o", (settings, expected) => {
    const labels = Object.fromEntries(
      Object.entries(settings).map(([key, value]) => [`co.elastic.logs/multiline.${key}`, value])
    )
    expect(joined(['a', 'b', 'b', 'c', 'a', 'b'], labelled(labels))).toEqual(expected)
  })
})

/**
 * A stream that is cut anywhere, sits idle anywhere, and whose hub dies anywhere, with or without having stored what
 * it read last; the store drops what it has, as stores do.
 */
describe('every line exactly once, in order, unaltered, however they were joined', () => {
  const events = labelledFiles().flatMap(({ lines }) => lines.map(({ text }) => text))

  test.each(['auto', 'start:^\\S', 'continue:^\\s'])(
    'of both outputs of a container: %s',
    (multiline) => {
      for (let seed = 1; seed <= 30; seed++) {
        const random = randomFrom(seed * 104_729)
        const lines: { stream: string; text: string }[] = []
        const file = Buffer.concat(
          Array.from({ length: 150 }, () => {
            const stream = random(2) ? 'stdout' : 'stderr'
            const run = 1 + random(4)
            const from = random(events.length - run)
            return Buffer.concat(
              events.slice(from, from + run).map((text) => {
                lines.push({ stream, text: random(60) ? text : text.padEnd(PIECE_BYTES + 9, '.') })
                return piecesOf(lines.at(-1)?.text ?? '', stream)
              })
            )
          })
        )
        const kept = keptOf(file, labelled({ 'driftlog.multiline': multiline }), random)
        for (const stream of ['stdout', 'stderr'])
          expect(linesOf(kept.filter(({ output }) => output === stream))).toEqual(
            lines.filter((line) => line.stream === stream).map((line) => line.text)
          )
      }
    },
    120_000
  )

  test('of a text file', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = randomFrom(seed * 7919)
      const lines = Array.from({ length: 100 }, () => {
        const from = random(events.length - 4)
        return [...events.slice(from, from + 1 + random(4)), ...(random(5) ? [] : [''])]
      }).flat()
      const kept = keptOf(
        Buffer.from(`${lines.join('\n')}\n`),
        { format: 'text', handling: PLAIN_HANDLING },
        random
      )
      expect(linesOf(kept)).toEqual(lines)
    }
  }, 120_000)

  function piecesOf(text: string, stream: string): Buffer {
    const pieces: Buffer[] = []
    for (let at = 0; at <= text.length; at += PIECE_BYTES) {
      const piece = text.slice(at, at + PIECE_BYTES)
      pieces.push(dockerLine(piece.length < PIECE_BYTES ? `${piece}\n` : piece, { stream }))
    }
    return Buffer.concat(pieces)
  }

  function linesOf(records: ReadRecord[]): string[] {
    return records.flatMap((record) => record.text.split('\n'))
  }

  function keptOf(file: Buffer, manner: Manner, random: (below: number) => number): ReadRecord[] {
    const builder = new ColumnsBuilder()
    const kept: ReadRecord[] = []
    const store = { committed: 0, stored: 0 }
    let nowMs = NOW_MS
    let reading: Reading = beginReading(0, 0, nowMs, manner)
    const store_ = () => {
      kept.push(...rows(builder.finish()).filter((record) => record.end > store.stored))
      store.committed = reading.committed
      store.stored = Math.max(store.stored, reading.stored)
      expect(store.committed).toBeLessThanOrEqual(reading.next)
    }
    const die = () => {
      builder.finish()
      reading = beginReading(store.committed, store.stored, nowMs, manner)
    }
    while (reading.next < file.length) {
      // Pieces of a line wait for two seconds and are never given up here.
      nowMs += random(4) ? random(200) : 900
      if (isIdle(reading, nowMs, waitMs(reading))) {
        flush(reading, builder, noCounts(), nowMs, false)
        random(6) ? store_() : die()
        continue
      }
      const longest = random(3) ? 500 : 20_000
      const to = Math.min(file.length, reading.next + 1 + random(longest))
      parseChunk(reading, file.subarray(reading.next, to), to === file.length, nowMs, builder, noCounts())
      if (random(8) === 0) die()
      else store_()
      if (random(6) === 0 && to < file.length) die()
      if (random(20) === 0 && holdsEvents(reading) && mayFlush(reading)) {
        flush(reading, builder, noCounts(), nowMs, false)
        store_()
        die()
      }
    }
    expect(store.committed).toBe(file.length)
    return kept
  }
})
