import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { AppDefinition, Wanted } from '../../server/deploys/definition.ts'
import { checkedDefinition } from '../../server/deploys/definition-problems.ts'
import { readDefinitionText } from '../../server/deploys/definition-text.ts'
import type { Shape } from '../../server/deploys/shape.ts'
import { specOf } from '../../server/deploys/spec.ts'
import { wantedOf } from '../../server/deploys/wanted.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const [, page = ''] = /\n## Definitions\n([\s\S]*?)(?:\n## |$)/.exec(read('docs/deploys.md')) ?? []
const [table = ''] = /\| name \| default \|[\s\S]*?\n\n/.exec(page) ?? []
const rows = [...table.matchAll(/^\| `(.*?)` \|(.*?)\|(.*)\|$/gm)].map(
  ([, name = '', standard = '', text = '']) => ({
    ...{ name, standard: standard.replaceAll('`', '').trim(), text }
  })
)

test('the example of docs/deploys.md is the one that is tested, and it is right', () => {
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? []
  expect(example).toBe(read('test/fixtures/compose/orders.yaml'))
  const definition = checkedDefinition(readDefinitionText(example, 'yaml').value)
  expect(Object.keys(definition.environments)).toEqual(['staging', 'production'])
})

test('its table has each name of a definition, and no other', () => {
  expect(rows.map(({ name }) => name).sort()).toEqual([...namesIn(AppDefinition as Shape, '')].sort())
})

test('its defaults are those of an app that says nothing', () => {
  const specIn = (health: object) => {
    const wanted = wantedOf({ image: 'x', environments: { a: null }, health }, 'a')
    const image = { reference: 'x' }
    return specOf({
      ...{ app: 'x', environment: 'a', slot: 1, deploy: 'd', version: 1, port: 1024 },
      wanted,
      image
    })
  }
  const { health, ...spec } = specIn({ tcp: true })
  expect(standards()).toMatchObject({
    'health.everySeconds': String(health.everyMs / 1000),
    'health.timeoutSeconds': String(health.timeoutMs / 1000),
    'health.withinSeconds': String(health.withinMs / 1000),
    'health.successes': String(health.successes),
    'logs.maxSizeMiB': String(spec.logMaxBytes / 2 ** 20),
    'logs.maxFiles': String(spec.logMaxFiles),
    stopGraceSeconds: String(spec.stopGraceMs / 1000)
  })
  const { everyMs, successes } = specIn({}).health
  expect(standards()['health']).toBe(`runs for ${(everyMs * successes) / 1000} s`)
  expect(textOf('health.everySeconds')).toContain(`without a kind \`${everyMs / 1000}\``)
  expect(textOf('health.successes')).toContain(`Without a kind \`${successes}\``)
})

test('its limits are those of the schema', () => {
  for (const { name, text } of rows) {
    const [, low, high] = /([\d.]+) to ([\d.,]+)/.exec(text) ?? []
    const shape = shapeOf(name)
    if (low === undefined || high === undefined || shape.maximum === undefined) continue
    // Of CPUs the engine takes no less than a hundredth, which no schema says.
    if (shape.minimum !== undefined) expect([name, Number(low)]).toEqual([name, shape.minimum])
    expect([name, Number(high.replaceAll(',', ''))]).toEqual([name, shape.maximum])
  }
})

/** `health.http.path`, `volumes[].source`, `secrets.*.file`; a map that only holds others has no row but where it says more. */
function* namesIn(shape: Shape, prefix: string): Generator<string> {
  for (const [name, inner] of Object.entries(shape.properties ?? {})) {
    const place = prefix + name
    const named = Object.values(inner.patternProperties ?? {})[0]?.anyOf ?? []
    const below = [
      ...namesIn(inner, `${place}.`),
      ...(inner.items ? namesIn(inner.items, `${place}[].`) : []),
      ...named.flatMap((choice) => [...namesIn(choice, `${place}.*.`)])
    ]
    if (below.length === 0 || inner.items || inner.patternProperties || name === 'health') yield place
    yield* below
  }
}

function shapeOf(name: string): Shape {
  const steps = name.replaceAll('[]', '').split('.')
  return steps.reduce<Shape>(
    (shape, step) => (shape.items ?? shape).properties?.[step] ?? {},
    Wanted as Shape
  )
}

function standards(): Record<string, string> {
  return Object.fromEntries(rows.map(({ name, standard }) => [name, standard]))
}

function textOf(name: string): string {
  return rows.find((row) => row.name === name)?.text ?? ''
}
