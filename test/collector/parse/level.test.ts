import { describe, expect, test } from 'vitest'
import { levelOf } from '../../../collector/parse/level.ts'
import { LEVELS } from '../../../collector/record.ts'

function level(text: string): string {
  const bytes = Buffer.from(`before${text}ERROR`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return LEVELS[levelOf(bytes, view, 6, bytes.length - 5)] ?? ''
}

describe('JSON lines', () => {
  test.each([
    ['{"level":"info","msg":"x"}', 'info'],
    ['{"time":"2026","severity":"WARNING"}', 'warn'],
    ['{"msg":"ERROR","level":"debug"}', 'debug'],
    ['{"log.level":"error"}', 'error'],
    ['{"@t":"x","@l":"Warning"}', 'warn'],
    ['{"Level":"Information"}', 'info'],
    ['{"lvl":"eror"}', 'unknown'],
    ['{"loglevel":"CRITICAL"}', 'fatal'],
    ['{"LogLevel":"trace"}', 'trace'],
    ['{"level":10}', 'trace'],
    ['{"level":20}', 'debug'],
    ['{"level":30,"time":1}', 'info'],
    ['{"level":40}', 'warn'],
    ['{"level":50}', 'error'],
    ['{"level":60}', 'fatal'],
    ['{"level":"30"}', 'info'],
    ['{"level":3}', 'unknown'],
    ['{"severity":3}', 'error'],
    ['{"severity":7}', 'debug'],
    ['{"severity":"4"}', 'warn'],
    ['{"a":{"level":"error"},"level":"info"}', 'info'],
    ['{"a":{"level":"error"}}', 'unknown'],
    ['{"a":[{"level":"error"},"]}"],"level":"warn"}', 'warn'],
    ['{"msg":"a \\" \\\\","level":"error"}', 'error'],
    ['{"log":{"level":"error","x":1}}', 'error'],
    ['{"log":{"logger":{"level":"x"}},"level":"warn"}', 'warn'],
    ['{"l\\u0065vel":"error"}', 'error'],
    ['{"l\\u0076l":"error"}', 'error'],
    ['  {"level":"error"}', 'error'],
    ['\x1b[32m{"level":"error"}', 'error'],
    ['{"level":"error"', 'error'],
    ['{"level":null}', 'unknown'],
    ['{"level":"W"}', 'warn'],
    ['{}', 'unknown'],
    ['{not json} ERROR here', 'error'],
    ['{"msg":"x"} ERROR', 'unknown']
  ])('%s', (text, expected) => {
    expect(level(text)).toBe(expected)
  })
})

describe('logfmt', () => {
  test.each([
    ['time="2026-11-22T10:00:00Z" level=warning msg="ERROR"', 'warn'],
    ['ts=1 lvl=dbug caller=x', 'debug'],
    ['severity=2 msg=x', 'fatal'],
    ['level="error" msg=x', 'error'],
    ['LEVEL=ERROR msg', 'error'],
    ['sublevel=error x', 'unknown'],
    ['prefix {"level":"error"} x', 'error']
  ])('%s', (text, expected) => {
    expect(level(text)).toBe(expected)
  })
})

describe('text', () => {
  test.each([
    ['ERROR: it failed', 'error'],
    ['error: it failed', 'error'],
    ['Warning: careful', 'warn'],
    ['INFO  starting', 'info'],
    ['fatal: not a git repository', 'fatal'],
    ['panic: runtime error: index out of range', 'fatal'],
    ['fail: Microsoft.Hosting[0]', 'error'],
    ['fail: to read', 'unknown'],
    ['warn: Microsoft.Hosting[0]', 'warn'],
    ['ERROR:root:message', 'error'],
    ['2026/11/22 10:00:00 [error] 7#7: *1 connect() failed', 'error'],
    ['[Sun Nov 22 10:00:00 2026] [core:notice] [pid 1] ready', 'info'],
    ['[10:00:00 INF] Starting up', 'info'],
    ['[ WARN ] spaced', 'warn'],
    ['<ERROR> angle', 'error'],
    ['10:00|DEBUG|x', 'debug'],
    ['2026-11-22 10:00:00,123 ERROR com.example.Foo - failed', 'error'],
    ['2026-11-22T10:00:00.000Z  INFO 1 --- [main] c.e.App : Started', 'info'],
    ['I, [2026-11-22T10:00:00.1 #1]  INFO -- : msg', 'info'],
    ['2026-11-22 10:00:00 UTC [7] LOG:  database system is ready', 'info'],
    ['2026-11-22 10:00:00 UTC [7] FATAL:  the database system is starting up', 'fatal'],
    ['npm ERR! code ENOENT', 'error'],
    ['\x1b[31mERROR\x1b[0m red', 'error'],
    ['\x1b[2m2026-11-22\x1b[0m \x1b[33m WARN\x1b[0m yellow', 'warn'],
    ['E1122 10:00:00.000000       1 reflector.go:1] failed', 'error'],
    ['I1122 10:00:00.000000       1 x.go:1] ERROR in text', 'info'],
    ['SEVERE: java.util.logging', 'error'],
    ['2026-11-22 web error: refused', 'error'],
    ['"GET /errors/ERROR HTTP/1.1" 200', 'info'],
    ['0 errors, 0 warnings', 'unknown'],
    ['found 0 ERROR in 3 files', 'unknown'],
    ['finished with 10 ERROR left', 'error'],
    ['no errors found', 'unknown'],
    ['the information is debugged', 'unknown'],
    ['ERROR_CODE=5 seen', 'unknown'],
    ['x INFO and ERROR both', 'unknown'],
    ['x [INFO] and then ERROR bare', 'info'],
    ['x [INFO] and [ERROR]', 'unknown'],
    ['x ERROR and ERROR again', 'error'],
    ['', 'unknown'],
    ['\x1b[', 'unknown'],
    ['plain text about nothing', 'unknown'],
    ['登录 ERROR 失败', 'error'],
    [`${'x'.repeat(170)} ERROR`, 'unknown']
  ])('%s', (text, expected) => {
    expect(level(text)).toBe(expected)
  })

  test('nothing is read beyond the end of the text', () => {
    for (const text of [
      'ERR',
      'level=',
      'level="',
      'log',
      '{"level":',
      '{"level',
      '{"',
      '[',
      'lvl=e',
      'I1122 10:00:00'
    ])
      expect(['unknown', 'error', 'info']).toContain(level(text))
    expect(level('')).toBe('unknown')
    expect(level('the ')).toBe('unknown')
  })
})
