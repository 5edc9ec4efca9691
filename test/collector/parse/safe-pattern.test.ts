import { expect, test } from 'vitest'
import { treeOf } from '../../../collector/parse/pattern-tree.ts'
import { compilePattern } from '../../../collector/parse/safe-pattern.ts'
import { stepsOf } from './backtracking.ts'

/** Known from advisories, articles and other checkers' tests; polynomial ones too. */
const DANGEROUS = String.raw`
(a+)+b
(a*)*b
(a+)+$
(a|a)*b
(a|aa)+$
(a|b|ab)*c
(.*a){20}
(x+x+)+y
(x\w{1,10})+y
(x[wx]{1,10})+y
(a?){30}a{30}
^(a?a?)*$b
(?:.*)*x
([a-zA-Z]+)*=
(([a-z])+.)+[A-Z]([a-z])+$
^(([a-z])+.)+[A-Z]([a-z])+$
^([a-zA-Z0-9])(([-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$
(\w+\s?)*;
^(\w+\s?)*$
(\w+\d+)+C
^(\d+)*x
^\d*\d*x
^\s*\s*\S
^(\s|\s)*x
(a?b?)*c
(?:a|a?)+b
a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?aaaaaaaaaaaaaaa
(?:(?:a{1,9}){1,9}){1,9}b
(?:\d|\w)(?:\d|\w)(?:\d|\w)(?:\d|\w)(?:\d|\w)(?:\d|\w)(?:\d|\w)(?:\d|\w)(?:\d|\w)(?:\d|\w)(?:\d|\w)(?:\d|\w)(?:\d|\w)=
a.*b
.*foo
.*error.*
\d+-
\s+$
\s+,
[^;]+;
token=.*;
token=[^;]*;
user=.*pass=
<secret>.*</secret>
[a-z]+@[a-z]+\.com
\w+\s*=\s*\w+;
[\w.]+@\w+
^(?:(?:a?)+b)*c
(?:\s?){40}x
^.*.*x
^.*\s.*\s.*x
^a.*b.*c.*d
^\w*\d*_
^(?:\w+=\w+,?)*$
^(?:[\w.-]+,?\s*)+end
^(?:a|ab|b)*c
^(.|\n)*\w*x
^(?:[^"\\]|\\.|\\)*"
^(-?\d*)+$
^(\/?\w*)*$
(?=.*x)a
(?<!x.*)y
(?<=a\w*)\d
a(?!.*b)
^.*(?=.*x)y
^(?:(?=a)a|a)*b
(?i)A+a+b
(?i)(k|K)*x
\b\w+\b.*x
(?:\b\w+\b\s*)+;
a{2,}b
^\d{1,2000}\d{1,2000}x
.{0,900}.{0,900}x
.{1001}x
(a)\1
(?<n>a)\k<n>
`

const HARMLESS = String.raw`
^\s+at\s
^\d{4}-\d\d-\d\d
^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(?:[.,]\d{3,9})?
^Traceback \(most recent call last\):
^\[.*\] ERROR
^\[[^\]]*\] (?:INFO|WARN|ERROR)
^(?:GET|POST|PUT|DELETE) 
^[A-Z]{3,5}\s
^\S
^[^\s]
^\t
^(?:Caused by|\s+at|\s+\.\.\. \d+ more)
^.*Exception
^goroutine \d+ \[
^panic: 
^Error: |^TypeError: 
^\{
^>>>
^=+$
^\w+ \d\d \d\d:\d\d:\d\d
^[IWEF]\d{4} \d\d:\d\d:\d\d
^\(\d+\) 
^(?:\w+\.)+\w+Exception
^(?=.*\d)(?=.*[a-z])x
^\d+(?:\.\d+)*$
^(?:[a-z]+,)*[a-z]+$
\bkey=\S+
key=\S+
password=[^&\s]+
"password":"[^"]*"
"[^"]*"x
"(?:token|secret)"\s?:\s?"[^"]*"
<s>[^<]*</s>
<pin>\d{4,8}</pin>
\b\d+-
\b\d{3}-\d{2}-\d{4}\b
\b[A-Z]{2}\d{2}(?: ?[0-9A-Z]{4}){3,7}\b
\b(?:\d[ -]?){13,19}\b
\b(?:\d{1,3}\.){3}\d{1,3}\b
(?:\d{3}){2}x
(?:\.\d{1,3}){3}
[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}
[0-9a-f]{40}
ACME-[A-Z0-9]{16}
acme_(?:live|test)_[A-Za-z0-9]{24,}
a.{0,200}b
token=.{0,1000};
user=\w{1,64} pass=\S{1,64}
\bpatient-\d+\b
(?<=token=)\S+
(?<![\d.])\d{16}(?!\d)
(?<=session: )[\w-]+
x(?=y)
error|err|warn
(?:error|err|warn)(?:or|ing)?:
(?i)secret[=:]\s?\S+
(?i)x-api-key: \S+
(\w+\s?)*
card \d+ used
order #\d+
iban=[A-Z]{2}\d{2}[A-Z0-9]{11,30}
\$\([^)$(]*\)
'[^']{0,100}'
\u0041\x42\cC[\b]
[\]\-a]+z?
{"id":\d+
a,5b
登录失败
\bssn\s?[:=]\s?\d9
客户[^，]1,20，
`

const lines = (text: string) => text.split('\n').filter((line) => line !== '')

test('expressions that are known to be dangerous are refused, with a sentence that names the place', () => {
  const patterns = lines(DANGEROUS)
  expect(patterns.length).toBeGreaterThanOrEqual(60)
  const accepted = patterns.filter((source) => 'pattern' in compilePattern(source))
  expect(accepted).toEqual([])
  expect(compilePattern('id (a+)+b')).toEqual({
    problem: expect.stringContaining('The expression can be too slow: "(a+)+" can read the same text')
  })
  expect(compilePattern('token=.*;')).toEqual({
    problem: expect.stringContaining('bound it as in {0,200}')
  })
})

test('harmless ones are accepted, and find what they should', () => {
  const patterns = lines(HARMLESS)
  expect(patterns.length).toBeGreaterThanOrEqual(60)
  const refused = patterns.flatMap((source) => {
    const compiled = compilePattern(source)
    return 'problem' in compiled ? [`${source}  ${compiled.problem}`] : []
  })
  expect(refused).toEqual([])
  const compiled = compilePattern('(?i)x-api-key: \\S+')
  expect('pattern' in compiled && compiled.pattern.exec('sent X-API-Key: abc to')?.[0]).toBe('X-API-Key: abc')
})

test('what is no expression, or too long, is told so', () => {
  expect(compilePattern('')).toEqual({ problem: 'The expression is empty.' })
  expect(compilePattern('a(b')).toEqual({ problem: 'The expression is not valid: Unterminated group.' })
  expect(compilePattern('x'.repeat(501))).toEqual({
    problem: 'The expression has 501 characters; at most 500 are read.'
  })
  expect(compilePattern('x{9}'.repeat(125))).toHaveProperty('pattern')
  expect(compilePattern('(a)\\1')).toHaveProperty('problem', expect.stringContaining('back-reference'))
})

/** A random expression over few letters, which makes loops that overlap the rule. */
function randomPattern(random: () => number, depth: number): string {
  const pick = (choices: readonly string[]) => choices[Math.floor(random() * choices.length)] ?? ''
  if (depth === 0) return pick(['a', 'b', '.', '[ab]', '[^a]', '\\w', ' ', '\\s', '\\b', 'c'])
  const inner = () => randomPattern(random, depth - 1)
  switch (Math.floor(random() * 5)) {
    case 0:
      return inner() + inner()
    case 1:
      return `(?:${inner()}|${inner()})`
    case 2:
    case 3:
      return `(?:${inner()})${pick(['*', '+', '?', '{2}', '{1,3}', '*?'])}`
    default:
      return inner()
  }
}

function* randoms(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    yield (state >>> 0) / 2 ** 32
  }
}

/** Texts made of a short piece over and over, and of something that spoils the match. */
function* attacks(random: () => number): Generator<(times: number) => string> {
  const letters = 'ab c!'
  for (let i = 0; i < 25; i++) {
    const word = (most: number) =>
      Array.from({ length: Math.floor(random() * (most + 1)) }, () => letters[Math.floor(random() * 5)]).join(
        ''
      )
    const [head, pump, tail] = [word(3), word(4) || 'a', `${word(2)}!`]
    yield (times) => head + pump.repeat(times) + tail
  }
}

test('accepted expressions stay linear under attack: twice the text, twice the steps', () => {
  const sequence = randoms(4711)
  const random = () => sequence.next().value
  let accepted = 0
  let refused = 0
  let refusedAndSlow = 0
  const wrong: string[] = []
  for (let i = 0; i < 300; i++) {
    const source = `${random() < 0.4 ? '^' : ''}${randomPattern(random, 4)}${random() < 0.7 ? 'd' : ''}`
    const compiled = compilePattern(source)
    const tree = treeOf(source, false)
    // Accepted ones may try 4,096 ways from each place, refused ones need not be followed to their end.
    const most = 'pattern' in compiled ? 10_000_000 : 60_000
    let isSlow = false
    for (const attack of attacks(random)) {
      const [few, many] = [stepsOf(tree, attack(60), most), stepsOf(tree, attack(120), most)]
      if (few < most && many < 2.7 * few + 500) continue
      isSlow = true
      if ('pattern' in compiled) wrong.push(`${source} on ${attack(3)}: ${few} → ${many} steps`)
      break
    }
    if ('pattern' in compiled) accepted++
    else {
      refused++
      if (isSlow) refusedAndSlow++
    }
  }
  expect(wrong).toEqual([])
  expect(accepted).toBeGreaterThan(80)
  // Not only by refusing everything: of those that are refused more than half are caught being slow by these few random texts.
  expect(refusedAndSlow / refused).toBeGreaterThan(0.5)
})
