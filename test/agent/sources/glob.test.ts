import { expect, test } from 'vitest'
import { begin, enter, matches, nextNames, readGlobs } from '../../../agent/sources/glob.ts'

const meant = (pattern: string, path: string) => {
  const { globs, bad } = readGlobs(pattern)
  if (bad.length > 0) throw new Error(`${bad[0]?.pattern}: ${bad[0]?.why}`)
  return matches(globs, path)
}

test.each([
  ['/app/logs/*.log', '/app/logs/a.log', true],
  ['/app/logs/*.log', '/app/logs/.log', false],
  ['/app/logs/*.log', '/app/logs/a.log.1', false],
  ['/app/logs/*.log', '/app/logs/deep/a.log', false],
  ['/app/logs/*.log', '/app/other/a.log', false],
  ['/app/logs/*', '/app/logs/a', true],
  ['/app/logs/*', '/app/logs/.hidden', false],
  ['/app/logs/.*', '/app/logs/.hidden', true],
  ['/app/*/a.log', '/app/x/a.log', true],
  ['/app/*/a.log', '/app/a.log', false],
  ['/app/a*b*c', '/app/a-b-b-c', true],
  ['/app/a*b*c', '/app/a-b-b-', false],
  ['/app/a*', '/app/a', true],
  ['/app/**/*.log', '/app/a.log', true],
  ['/app/**/*.log', '/app/x/y/z/a.log', true],
  ['/app/**/*.log', '/app/.git/a.log', false],
  ['/app/**/*.log', '/apps/a.log', false],
  ['/app/**/logs/*.log', '/app/x/logs/a.log', true],
  ['/app/**/logs/*.log', '/app/logs/a.log', true],
  ['/app/**/logs/*.log', '/app/logs/x/a.log', false],
  ['/app/**/logs/**/a.log', '/app/1/logs/2/3/a.log', true],
  ['/app/**/**/a.log', '/app/a.log', true],
  ['/app/**', '/app/a', true],
  ['/app/**', '/app/x/y', true],
  ['/app/**', '/app', false],
  ['/**/*.log', '/a.log', true],
  ['/app/a**b', '/app/a-b', true],
  ['/app/a**b', '/app/a/b', false],
  ['/app/?.log', '/app/a.log', true],
  ['/app/?.log', '/app/ab.log', false],
  ['/app/?log', '/app/.log', false],
  ['/app/[ab].log', '/app/b.log', true],
  ['/app/[ab].log', '/app/c.log', false],
  ['/app/[!ab].log', '/app/c.log', true],
  ['/app/[^ab].log', '/app/a.log', false],
  ['/app/[a-c0-9].log', '/app/7.log', true],
  ['/app/[a-c0-9].log', '/app/d.log', false],
  ['/app/[]a].log', '/app/].log', true],
  ['/app/[a\\-c].log', '/app/b.log', false],
  ['/app/[a\\-c].log', '/app/-.log', true],
  ['/app/[a-].log', '/app/-.log', true],
  ['/app/{a,b}.log', '/app/a.log', true],
  ['/app/{a,b}.log', '/app/b.log', true],
  ['/app/{a,b}.log', '/app/c.log', false],
  ['/{app,srv}/{x,y/z}/*.log', '/srv/y/z/1.log', true],
  ['{/app,/srv}/*.log', '/srv/1.log', true],
  ['/app/{a,{b,c}d}.log', '/app/cd.log', true],
  ['/app/{a,{b,c}d}.log', '/app/c.log', false],
  ['/app/a{,.old}.log', '/app/a.log', true],
  ['/app/a{,.old}.log', '/app/a.old.log', true],
  ['/app/{a}.log', '/app/{a}.log', true],
  ['/app/{}.log', '/app/{}.log', true],
  ['/app/{x{a,b}}', '/app/{xb}', true],
  ['/app/[{]a,b}', '/app/{a,b}', true],
  ['/app/\\*.log', '/app/*.log', true],
  ['/app/\\*.log', '/app/a.log', false],
  ['/app/my\\ app.log', '/app/my app.log', true],
  ['/app/(a|b)+.log', '/app/(a|b)+.log', true],
  ['/app/(a|b)+.log', '/app/a.log', false],
  ['/app/^$.log', '/app/^$.log', true],
  ['/app/日志*.log', '/app/日志1.log', true]
])('%s and %s: %s', (pattern, path, expected) => {
  expect(meant(pattern, path)).toBe(expected)
})

test('several patterns stand apart by commas, blanks or newlines, but not within braces', () => {
  const { globs, bad } = readGlobs('/a/*.log, /b/{x,y}.log\n/c/?.txt\t/d/one.log,')
  expect(bad).toEqual([])
  expect(globs.map(({ pattern }) => pattern)).toEqual([
    ...['/a/*.log', '/b/{x,y}.log', '/b/{x,y}.log', '/c/?.txt', '/d/one.log']
  ])
})

test.each([
  ['logs/*.log', 'does not begin with "/"'],
  ['/app/{/a,b/c', 'has a "{" without its "}"'],
  ['/app/[ab.log', 'has a "[" without its "]"'],
  ['/app/[a/b].log', 'has a "[" without its "]"'],
  ['/app/../etc/*.log', 'has ".." in it'],
  ['/app/./a.log', 'has "." in it'],
  ['/app//a.log', 'has an empty name'],
  ['/app/logs/', 'has an empty name'],
  ['/', 'has an empty name'],
  ['/app/a\\', 'ends with "\\"'],
  ['/app/{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}', 'more than 64 patterns'],
  ['{/app,srv}/a.log', 'does not begin with "/"'],
  [`/${'a'.repeat(2000)}`, 'longer than 1024'],
  [`/${'a/'.repeat(70)}b`, 'more than 64 names'],
  ['/app/a\0.log', 'NUL']
])('%s is told as wrong, and the others work', (pattern, why) => {
  const { globs, bad } = readGlobs(`/ok/*.log, ${pattern}`)
  expect(bad.map((one) => one.why).join()).toContain(why)
  expect(globs.map((one) => one.pattern)).toEqual(['/ok/*.log'])
})

test('more than a hundred patterns are told, and the first hundred work', () => {
  const { globs, bad } = readGlobs(Array.from({ length: 130 }, (_, i) => `/a/${i}.log`).join(' '))
  expect([globs.length, bad]).toEqual([100, [{ pattern: '30 more', why: 'at most 100 patterns count' }]])
})

test('a walk enters only folders in which something may match, by name where it can', () => {
  const { globs } = readGlobs('/app/logs/*.log /srv/**/x.log')
  const start = begin(globs)
  expect(nextNames(start)?.sort()).toEqual(['app', 'srv'])
  expect(enter(start, 'etc')).toEqual([])
  expect(nextNames(enter(start, 'app'))).toEqual(['logs'])
  expect(nextNames(enter(enter(start, 'app'), 'logs'))).toBeUndefined()
  expect(nextNames(enter(start, 'srv'))).toBeUndefined()
})

test('a hostile pattern is matched, where a regular expression would need longer than the test may take', () => {
  const { globs } = readGlobs(`/${'*a'.repeat(100)}b /${'**/*a*/'.repeat(20)}b`)
  expect(matches(globs, `/${'a'.repeat(255)}`)).toBe(false)
  expect(matches(globs, `/${'a/'.repeat(200)}c`)).toBe(false)
})
