import { readFileSync, writeFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { composeOf } from '../../../server/deploys/compose.ts'
import { checkedDefinition } from '../../../server/deploys/definition-problems.ts'
import { readDefinitionText } from '../../../server/deploys/definition-text.ts'
import { referenceOf } from '../../../server/deploys/image.ts'
import { rancherComposeOf } from '../../../server/deploys/rancher.ts'
import { wantedOf } from '../../../server/deploys/wanted.ts'

const FOLDER = new URL('../../fixtures/compose/', import.meta.url)
const read = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8')
const schema = JSON.parse(read('compose-spec.json'))
delete schema.$schema
const isCompose = new Ajv({ strict: false, validateFormats: false }).compile(schema)

function render(text: string, environment: string) {
  const definition = checkedDefinition(readDefinitionText(text, 'yaml').value)
  const wanted = wantedOf(definition, environment)
  const rendered = { app: 'orders', environment, version: 3, wanted, reference: referenceOf(wanted.image) }
  return { compose: composeOf(rendered), rancher: rancherComposeOf(rendered) }
}

test.each(['staging', 'production'])(
  'the files of %s are what they were; UPDATE_GOLDEN=1 writes them',
  (environment) => {
    const { compose, rancher } = render(read('orders.yaml'), environment)
    for (const [kind, text] of Object.entries({ compose, rancher })) {
      const name = `golden/${environment}.${kind}.yml`
      if (process.env['UPDATE_GOLDEN']) writeFileSync(new URL(name, FOLDER), text)
      expect(text, name).toBe(read(name))
    }
    expect(isCompose(parse(compose)), JSON.stringify(isCompose.errors)).toBe(true)
  }
)

test('the least and the strangest definition give files of compose, too', () => {
  const strange = `
image: nginx
entrypoint: ['no', '1_000', '12:30:45', 'a: b', '# x', '', ' ', "\\u2028"]
command: ['$HOME', '$$', '\${PORT}', '$\${x}']
env: { YES: 'yes', DOLLAR: 'a$b', EMPTY: '', LINES: "a\\nb", NUMBER: '0123', "N": true }
health: { command: [sh, -c, 'echo $$PATH'] }
labels: { weird: '$x', "a.b/c": 'on' }
stopGraceSeconds: 90.5
environments: { staging: }
`
  for (const text of ['image: nginx\nenvironments: { staging: }', strange]) {
    const { compose, rancher } = render(text, 'staging')
    expect(isCompose(parse(compose)), JSON.stringify(isCompose.errors)).toBe(true)
    // Readers of YAML 1.1 see the same.
    expect(parse(compose, { version: '1.1' })).toEqual(parse(compose))
    expect(parse(rancher)).toMatchObject({ services: { orders: { scale: 1 } } })
  }
  const { services } = parse(render(strange, 'staging').compose)
  expect(services.orders).toMatchObject({
    command: ['$$HOME', '$$', '${PORT}', '$${x}'],
    environment: { DOLLAR: 'a$$b', YES: 'yes', NUMBER: '0123', N: 'true' },
    healthcheck: { test: ['CMD', 'sh', '-c', 'echo $$$$PATH'] },
    labels: { weird: '$$x', 'a.b/c': 'on' },
    stop_grace_period: '1m30s500ms'
  })
})

test('compose makes its own labels, which it forbids in files', () => {
  const { services, name } = parse(render(read('orders.yaml'), 'production').compose)
  expect(name).toBe('orders-production')
  expect(Object.keys(services)).toEqual(['orders'])
  expect(Object.keys(services.orders.labels).filter((label) => label.startsWith('com.docker.'))).toEqual([])
})
