/** Random definitions and random texts: what is taken becomes a spec, what is not is refused with a code. */
import { Check } from 'typebox/value'
import { expect, test } from 'vitest'
import { InstanceSpec } from '../../../agent/protocol-orders.ts'
import { composeOf, yamlOf } from '../../../server/deploys/compose.ts'
import { AppDefinition, Wanted } from '../../../server/deploys/definition.ts'
import { checkedDefinition } from '../../../server/deploys/definition-problems.ts'
import { readDefinitionText } from '../../../server/deploys/definition-text.ts'
import { diffOf, diffText } from '../../../server/deploys/diff.ts'
import { referenceOf } from '../../../server/deploys/image.ts'
import { rancherComposeOf } from '../../../server/deploys/rancher.ts'
import { type Shape, shapeProblems } from '../../../server/deploys/shape.ts'
import { specOf } from '../../../server/deploys/spec.ts'
import { wantedOf } from '../../../server/deploys/wanted.ts'

const SEED = Number(process.env['SEED'] ?? 20261126)
const ROUNDS = Number(process.env['ROUNDS'] ?? 1000)

test('any definition is either refused with a code or becomes specs and files', () => {
  const random = randomOf(SEED)
  let taken = 0
  for (let round = 0; round < ROUNDS; round++) {
    const made = definitionOf(random)
    const text = random.chance(0.5) ? JSON.stringify(made) : yamlOf(made, '')
    const kind = text.startsWith('{') ? 'json' : 'yaml'
    const definition = codedOnly(() => {
      const { value, placeOf } = readDefinitionText(text, kind)
      return checkedDefinition(value, { placeOf })
    }, text)
    if (!definition) continue
    taken++
    for (const environment of Object.keys(definition.environments)) {
      const wanted = wantedOf(definition, environment)
      const reference = referenceOf(wanted.image)
      const slot = { app: 'a', environment, slot: 1, deploy: 'd', version: 1, port: 1024 }
      const spec = specOf({ ...slot, wanted, image: { reference } })
      expect(Check(InstanceSpec, spec), text).toBe(true)
      const rendered = { app: 'a', environment, version: 1, wanted, reference }
      expect(composeOf(rendered) + rancherComposeOf(rendered)).toContain(reference)
      expect(diffText(diffOf(wanted, wanted))).toBe('')
    }
  }
  // Neither all nor none, or the test would say nothing.
  expect(taken).toBeGreaterThan(ROUNDS / 20)
  expect(taken).toBeLessThan(ROUNDS)
})

test('shapes agree with the validator on what is right', () => {
  const random = randomOf(SEED + 1)
  for (let round = 0; round < ROUNDS; round++) {
    const value = definitionOf(random)
    for (const schema of [AppDefinition, Wanted])
      expect([...shapeProblems(schema as Shape, value)].length === 0, JSON.stringify(value)).toBe(
        Check(schema, value)
      )
  }
})

test('any text is read or refused with a code', () => {
  const random = randomOf(SEED + 2)
  const marks = [
    '- ',
    '? ',
    ': ',
    '[',
    ']',
    '{',
    '}',
    ',',
    '&a ',
    '*a',
    '!t ',
    '|\n',
    '>\n',
    '"',
    "'",
    '#',
    '%',
    '---\n',
    '\n',
    ' ',
    '  ',
    '\t'
  ]
  const words = [
    ...marks,
    ...marks,
    'image',
    'env:',
    'environments:',
    'a',
    '1',
    '~',
    '\\',
    '\0',
    '\u2028',
    '\ud800',
    '<<: ',
    '__proto__: '
  ]
  for (let round = 0; round < ROUNDS; round++) {
    const text = Array.from({ length: random.below(200) }, () => random.of(words)).join('')
    for (const kind of ['yaml', 'json'] as const)
      codedOnly(() => checkedDefinition(readDefinitionText(text, kind).value), text)
  }
})

function codedOnly<T>(make: () => T, text: string): T | undefined {
  try {
    return make()
  } catch (error) {
    expect(error, text).toMatchObject({ code: expect.stringMatching(/^DRIFTLOG_/), statusCode: 400 })
    return undefined
  }
}

type Random = ReturnType<typeof randomOf>

/** Numbers that are the same for the same seed (mulberry32). */
function randomOf(seed: number) {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    below,
    chance: (share: number) => next() < share,
    of: <T>(list: readonly T[]) => list[below(list.length)] as T
  }
}

function definitionOf(random: Random): object {
  const environments = Object.fromEntries(
    random
      .of([['staging'], ['staging', 'production'], ['a', 'b', 'c']])
      .map((name) => [name, random.chance(0.3) ? null : partsOf(random, 0.15)])
  )
  return { image: 'shop/orders', ...partsOf(random, 0.25), environments }
}

/** Mostly right, so that many get through. */
function partsOf(random: Random, share: number): Record<string, unknown> {
  const chosen = Object.entries(PARTS).filter(() => random.chance(share))
  return Object.fromEntries(
    chosen.map(([name, make]) => [name, random.chance(0.02) ? random.of(ODD) : make(random)])
  )
}

const ODD = [
  null,
  '',
  0,
  -1,
  1.5,
  true,
  [],
  {},
  'x'.repeat(300),
  [[]],
  { a: 1 },
  '\0',
  '${X}',
  1e300
] as const
const TEXTS = [
  '',
  'a',
  '${PORT}',
  '$$',
  '$x',
  "it's",
  '"q"',
  'a b',
  '\n',
  'grüße',
  '你好',
  '# no',
  '- x',
  'yes',
  '1_0',
  '0x1'
] as const
const text = (random: Random) => random.of(TEXTS)
const texts = (random: Random) => ['run', ...Array.from({ length: random.below(4) }, () => text(random))]
const seconds = (random: Random) => random.of([0.1, 1, 2.5, 60, 3600])
const PARTS: Record<string, (random: Random) => unknown> = {
  image: (random) => random.of(['nginx', 'r.io:5000/a/b:1', `a@sha256:${'0'.repeat(64)}`, 'A', 'a b']),
  entrypoint: texts,
  command: (random) =>
    random.chance(0.5) ? texts(random) : `run ${text(random)}${random.chance(0.1) ? ' x'.repeat(300) : ''}`,
  user: (random) => random.of(['root', '1000:1000', 'a:b:c']),
  workingDir: (random) => random.of(['/', '/a b', 'a']),
  env: (random) => ({
    [random.of(['A', 'b_1', 'PORT', '__proto__', 'constructor', '1'])]: random.of([...TEXTS, 1, true, null])
  }),
  secrets: (random) => ({ [random.of(['A', 'S'])]: random.of([{ file: 'x' }, { env: 'X' }, {}]) }),
  volumes: (random) => [
    { source: random.of(['a', '/a', '../a']), target: random.of(['/x', '/x/', '/', '/a/../b']) }
  ],
  health: (random) => ({
    ...random.of([
      {},
      { http: { path: '/h' } },
      { tcp: true },
      { log: 'ready|ok' },
      { log: '(' },
      { command: ['x', text(random)] }
    ]),
    ...(random.chance(0.3) ? { everySeconds: seconds(random), withinSeconds: seconds(random) } : {})
  }),
  resources: (random) => ({ cpus: random.of([0.5, 4, 0.001]), memoryMiB: random.of([4, 512]) }),
  replicas: (random) => random.below(5),
  placement: () => ({ labels: { disk: 'ssd' }, spread: 'zone', onePerHost: true }),
  logs: (random) => ({ maxSizeMiB: 1 + random.below(100), files: [random.of(['/a/*.log', '/a b'])] }),
  rollout: (random) => ({
    maxUnavailable: 2,
    ...(random.chance(0.5) ? { from: random.of(['staging', 'b', 'x']) } : {})
  }),
  labels: (random) => ({
    [random.of(['team', 'driftlog.level', 'driftlog.app', '', '__proto__'])]: text(random)
  }),
  stopGraceSeconds: (random) => random.of([0, 0.25, 10, 3600])
}
