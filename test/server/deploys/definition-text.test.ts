import { expect, test } from 'vitest'
import { checkedDefinition } from '../../../server/deploys/definition-problems.ts'
import { LONGEST_TEXT_BYTES, readDefinitionText } from '../../../server/deploys/definition-text.ts'
import type { DefinitionError } from '../../../server/deploys/errors.ts'

/** Everything that is wrong, as `place: message`. */
function problemsOf(text: string, kind: 'yaml' | 'json' = 'yaml', allowed?: readonly string[]): string[] {
  try {
    const { value, placeOf } = readDefinitionText(text, kind)
    checkedDefinition(value, { placeOf, ...(allowed ? { allowed } : {}) })
    return []
  } catch (error) {
    const { code, problems } = error as DefinitionError
    expect(code).toBe('DRIFTLOG_DEFINITION')
    return problems.map(
      ({ line = 0, column = 0, environment = '*', path, message }) =>
        `${line}:${column} ${environment} ${path}: ${message}`
    )
  }
}

test('everything that is wrong is told at once, with its place, in the environment where it is', () => {
  const text = `imge: nginx
image: nginx:a b
command: "a 'b"
health: {http: {pth: /x}}
env: {A: 1, PORT: 2}
replicas: -1
environments:
  staging:
    env: {B: '\${C}'}
    rollout: {from: prodction}
  production:
    command: fine
    volumes:
      - {source: ../x, target: /a}
      - {source: y, target: /a/}
    secrets: {A: {file: x, env: Y}}
`
  expect(problemsOf(text)).toEqual([
    '1:1 * imge: is unknown; "image" is meant?',
    '4:17 * health.http.pth: is unknown; "path" is meant?',
    '4:10 * health.http.path: is missing',
    '6:1 * replicas: must be at least 0, and is -1',
    expect.stringMatching(/^2:1 \* image: "nginx:a b" is no image/),
    "3:1 * command: has a quote (') at character 3 that is never closed",
    '5:13 * env.PORT: is set by the agent; the app takes it from there',
    expect.stringMatching(/^9:11 staging env\.B: has \$\{C\}/),
    '10:15 staging rollout.from: is no environment of the app; "production" is meant?',
    expect.stringMatching(
      /^16:15 production secrets\.A: must be a map with "file" alone or a map with "env" alone/
    ),
    expect.stringMatching(/^14:10 production volumes\[0\]\.source: must be the name of a volume/),
    '15:21 production volumes[1].target: is the place of another volume'
  ])
})

test('what an environment puts right is not wrong, and what one breaks is told there', () => {
  expect(problemsOf('image: x\ncommand: "a \'b"\nenvironments: {a: {command: null}}')).toEqual([])
  expect(problemsOf('image: x\nenvironments: {a: {image: null}}')).toEqual(['2:20 a image: is missing'])
})

test('environments that wait for each other are told', () => {
  const text =
    'image: x\nenvironments: {a: {rollout: {from: b}}, b: {rollout: {from: a}}, c: {rollout: {from: c}}}'
  expect(problemsOf(text)).toEqual([
    expect.stringContaining('c rollout.from: is the environment itself'),
    expect.stringContaining('a rollout.from: goes in a circle: a from b from a'),
    expect.stringContaining('b rollout.from: goes in a circle: b from a from b')
  ])
})

test('images that may not be deployed are refused when they are posted', () => {
  const text = 'image: r.io/a\nenvironments: {a: {}, b: {image: evil.org/b}}'
  expect(problemsOf(text, 'yaml', ['r.io/*'])).toEqual([
    expect.stringMatching(/^2:27 b image: is refused: .*evil\.org\/b/)
  ])
})

test.each<[text: string, problem: string]>([
  ['', '0:0 * : is empty'],
  ['abc', '1:1 * : must be a map, and is "abc"'],
  ['image: a\nimage: b\nenvironments: {a: }', '2:1 * image: stands here for the second time'],
  ['image: a\nenv: {A: 1, "A": 2}\nenvironments: {a: }', '2:13 * env.A: stands here for the second time'],
  ['image: [', '1:9 * : can not be read'],
  ['a: b: c', '1:4 * : can not be read'],
  ['a: 1\n---\nb: 1', '0:0 * : is more than one document'],
  ['a: !!js/function x', '1:4 * : can not be read'],
  ['a: *b', '0:0 * : can not be read'],
  ['a: &b [*b]', '0:0 * : can not be read'],
  ['? {a: 1}\n: 2', '1:3 * : has a name that is no text'],
  ['image: "a\\0"\nenvironments: {a: }', '1:1 * image: holds a NUL character'],
  [
    'image: x\nenv: {V: 1.10}\nenvironments: {a: }',
    '2:10 * env.V: would become 1.1; put it in quotes: "1.10"'
  ],
  ['image: x\nenv: {V: 12345678901234567890}\nenvironments: {a: }', '2:10 * env.V: would become'],
  ['image: x\nenv: {V: 0x1F}\nenvironments: {a: }', '2:10 * env.V: would become 31'],
  ['image: x\nenv: {V: .inf}\nenvironments: {a: }', '2:10 * env.V: would become Infinity'],
  ['image: x\nenvironments: {}', '2:1 * environments: has none'],
  ['image: x\nenvironments: {A: }', '2:16 * environments.A: is no name that is taken here'],
  [
    'image: x\nlabels: {driftlog.levl: x}\nenvironments: {a: }',
    '2:10 * labels["driftlog.levl"]: is unknown; "driftlog.level" is meant?'
  ],
  [
    'image: x\nlabels: {com.docker.compose.project: x}\nenvironments: {a: }',
    `2:10 * labels["com.docker.compose.project"]: is compose's own`
  ],
  [
    'image: x\nhealth: {log: "(a+)+$"}\nenvironments: {a: }',
    '2:10 * health.log: can not be used. The expression can be too slow'
  ],
  ['image: x\nhealth: {http: {path: "/a b"}}\nenvironments: {a: }', '2:17 * health.http.path: has a blank'],
  [
    'image: x\nhealth: {everySeconds: 60, successes: 3}\nenvironments: {a: }',
    '2:1 * health.withinSeconds: is over before 3 answers'
  ],
  [
    'image: x\nrollout: {checks: [a]}\nenvironments: {a: }',
    '2:11 * rollout.checks: are those of the deploy in rollout.from'
  ],
  ['image: x\nuser: "a b"\nenvironments: {a: }', '2:1 * user: must be a user'],
  ['image: x\nlogs: {files: ["/a b"]}\nenvironments: {a: }', '2:16 * logs.files[0]: has a blank'],
  ['image: x\nlogs: {files: ["/a,/b"]}\nenvironments: {a: }', '2:16 * logs.files[0]: has a comma'],
  [`image: x\ncommand: ${'a '.repeat(300)}\nenvironments: {a: }`, '2:1 * command: has 300 words'],
  [
    `image: x\nsecrets: {${Array.from({ length: 101 }, (_, at) => `A${at}: {env: B}`).join(', ')}}\nenvironments: {a: }`,
    '2:1 * secrets: has 101 entries'
  ],
  [
    'image: x\nresources: {memoryMiB: 1e300}\nenvironments: {a: }',
    '2:13 * resources.memoryMiB: must be at most'
  ],
  ['image: x\n__proto__: {a: 1}\nenvironments: {a: }', '2:1 * __proto__: is unknown']
])('%j says where and what', (text, problem) => {
  expect(problemsOf(text)[0]).toContain(problem)
})

test('JSON is JSON, and has places, too', () => {
  const text = '{\n\t"image": "nginx",\n\t"environments": {"a": {"replicas": "x"}},\n\t"replicas": 1.5\n}'
  expect(problemsOf(text, 'json')).toEqual([
    '4:2 * replicas: must be a whole number, and is 1.5',
    '3:25 a replicas: must be a whole number, and is "x"'
  ])
  expect(problemsOf('{"image": "a", "image": "b"}', 'json')).toEqual([
    '1:16 * image: stands here for the second time'
  ])
  expect(problemsOf('{"image": nginx}', 'json')).toEqual([expect.stringContaining('is no JSON')])
  expect(problemsOf('image: a', 'json')).toEqual([expect.stringContaining('is no JSON')])
})

/** Each kept YAML's parser busy for seconds to hours, or ended it by its stack, before it was bounded. */
test.each<[name: string, text: string]>([
  ['names of names', '? '.repeat(60_000)],
  ['lists in lists', '- '.repeat(60_000)],
  ['brackets', '['.repeat(LONGEST_TEXT_BYTES)],
  ['braces', '{a: '.repeat(30_000)],
  ['indents', Array.from({ length: 400 }, (_, at) => `${' '.repeat(at)}a:`).join('\n')],
  ['names', Array.from({ length: 12_000 }, (_, at) => `a${at}: 1`).join('\n')],
  ['anchors', Array.from({ length: 8000 }, (_, at) => `a${at}: &x${at} 1`).join('\n')],
  ['aliases', `a: &a 1\n${'- *a\n'.repeat(20_000)}`],
  [
    'a bomb',
    `a: &a [x]\n${'abcdefgh'.replace(/./g, (name) => `${name}1: &${name}1 [${'*a,'.repeat(12)}*a]\n`)}`
  ],
  ['a wide bomb', `a: &a "${'x'.repeat(60_000)}"\nb: [${'*a,'.repeat(90)}*a]`],
  ['a long text', `a: ${'x'.repeat(LONGEST_TEXT_BYTES)}`],
  ['directives', '%a\n'.repeat(9000)],
  ['commas', `[${','.repeat(29_000)}`],
  ['brackets that close', ']'.repeat(29_000)],
  ['documents', '---\n'.repeat(9000)]
])('%s are refused', (_, text) => {
  expect(problemsOf(text).length).toBeGreaterThan(0)
})
