/** The dashboards as Grafana gets them. UPDATE_GOLDEN=1 writes the golden files again. */
import { readFileSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { type DashboardFile, dashboards } from '../../dashboards/all.ts'
import type { Json } from '../../dashboards/json.ts'
import type { Options } from '../../dashboards/options.ts'
import { CONTAINER_ITEMS, HOST_ITEMS } from '../../server/zabbix/items.ts'
import { filterOf, lint, type Made, panelsOf, type Target } from './lint.ts'

const LEAST: Options = { groupName: 'Driftlog', elasticsearch: false, brokenAfterMs: 180_000 }
const MOST: Options = { ...LEAST, elasticsearch: true, hub: new URL('https://logs.example.org') }
const GOLDEN = new URL('../fixtures/grafana/golden/', import.meta.url)
const SCHEMA = new URL('../fixtures/grafana/dashboard.schema.json', import.meta.url)

const both = [LEAST, MOST].flatMap((options) =>
  dashboards(options).map((file) => ({ ...file, options: options.elasticsearch ? 'all' : 'least' }))
)
const parsed = ({ text }: Pick<DashboardFile, 'text'>) => JSON.parse(text) as Made

test.each(dashboards(MOST))('$name is as it was; UPDATE_GOLDEN=1 writes it again', async ({ uid, text }) => {
  const path = new URL(`${uid}.json`, GOLDEN)
  if (process.env['UPDATE_GOLDEN']) {
    await mkdir(fileURLToPath(GOLDEN), { recursive: true })
    await writeFile(path, text)
  }
  expect(text).toBe(await readFile(path, 'utf8').catch(() => ''))
})

test('the same options give the same bytes, however often and in whichever order', () => {
  const first = dashboards(MOST)
  dashboards(LEAST)
  expect(dashboards(MOST)).toEqual(first)
})

test.each(both)('$name ($options) can be drawn', (file) => {
  expect(lint(parsed(file))).toEqual([])
})

test.each(both)('$name ($options) is valid by Grafana’s schema', (file) => {
  const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema())
  validate(parsed(file))
  const complaints = (validate.errors ?? []).map(({ instancePath, message, params }) => [
    ...[instancePath, message, params]
  ])
  expect(complaints).toEqual([])
})

test.each(both)('each item that $name ($options) asks Zabbix for is in the catalogue', (file) => {
  const names = [
    ...HOST_ITEMS.map(({ name }) => name),
    ...CONTAINER_ITEMS.map(({ name }) => `Container web-1: ${name}`)
  ]
  const asked = targetsOf(parsed(file)).flatMap((target) => filterOf(target, 'item') || [])
  expect(asked.length).toBeGreaterThan(0)
  const unknown = asked.filter((filter) => !partsOf(filter).every((part) => names.some((name) => part(name))))
  expect(unknown).toEqual([])
})

test('items are asked for by their kind: texts as texts, numbers as numbers', () => {
  const texts = HOST_ITEMS.filter(({ type }) => type === 'text').map(({ name }) => name)
  for (const file of both)
    for (const target of targetsOf(parsed(file))) {
      const item = filterOf(target, 'item')
      if (item) expect(target['queryType'] === '2', item).toBe(texts.includes(item))
    }
})

test('triggers that are counted are those of the template', () => {
  const template = readFileSync(new URL('../../server/zabbix/template.json', import.meta.url), 'utf8')
  const triggers = both.flatMap((file) =>
    targetsOf(parsed(file)).flatMap((target) => filterOf(target, 'trigger') || [])
  )
  expect(new Set(triggers).size).toBeGreaterThan(0)
  for (const trigger of triggers) expect(template).toContain(`"name": "${trigger}"`)
})

test('without Elasticsearch nothing asks it, and without an address nothing links to the page', () => {
  for (const { text } of dashboards(LEAST)) {
    expect(text).not.toContain('driftlog-logs')
    expect(text).not.toContain('http')
  }
})

test('links between dashboards lead to dashboards that there are', () => {
  const uids = dashboards(MOST).map(({ uid }) => uid)
  for (const { text } of dashboards(MOST))
    for (const [, uid = ''] of text.matchAll(/"\/d\/([\w-]+)/g)) expect(uids).toContain(uid)
})

test('links to the page carry time, app and host', () => {
  const url = (name: string) =>
    /"(https:[^"]+)"/.exec(dashboards(MOST).find((one) => one.name === name)?.text ?? '')?.[1]
  const time = `from=\${__from:date:iso}&to=\${__to:date:iso}`
  expect(url('fleet')).toBe(`https://logs.example.org/-/-/logs?${time}`)
  expect(url('app')).toBe(`https://logs.example.org/-/\${app:percentencode}/logs?${time}`)
  expect(url('host')).toBe(`https://logs.example.org/-/-/logs?q=host:%22\${host:percentencode}%22&${time}`)
})

test('where values come seldom, sums look further back', () => {
  const fromOf = (brokenAfterMs: number) => {
    const [file] = dashboards({ ...LEAST, brokenAfterMs })
    return panelsOf(parsed(file ?? { text: '{}' })).find(({ title }) => title === 'Hosts heard')?.['timeFrom']
  }
  expect([fromOf(30_000), fromOf(1_800_000)]).toEqual(['5m', '30m'])
})

test('a group with signs of regular expressions stands for itself', () => {
  const [first] = dashboards({ ...LEAST, groupName: 'Ops (EU)/Driftlog' })
  expect(first?.text).toContain(JSON.stringify('/^Ops \\(EU\\)\\/Driftlog(\\/.*)?$/'))
})

test('lint finds what is wrong', () => {
  const [file] = dashboards(LEAST)
  const good = parsed(file ?? { text: '{}' })
  const [row, panel] = good.panels
  if (!row || !panel) throw new Error('the fleet has panels')
  const broken = (change: Partial<Made>) => lint({ ...good, ...change } as Made)
  expect(broken({ uid: 'x'.repeat(41) })).toHaveLength(1)
  expect(broken({ rows: [] })).toHaveLength(1)
  expect(broken({ panels: [...good.panels, { ...panel, title: 'Another' }] })).toHaveLength(2)
  expect(broken({ panels: [row, { ...panel, title: '$nobody' }] })).toEqual(['$nobody is nowhere defined'])
  expect(broken({ panels: [row, { ...panel, type: 'graph' }] })).toHaveLength(1)
  expect(broken({ panels: [row, { ...panel, targets: [] }] })).toHaveLength(1)
  const elsewhere = (panel.targets ?? []).map((one) => ({ ...one, datasource: { type: 'x', uid: 'other' } }))
  expect(broken({ panels: [row, { ...panel, targets: elsewhere }] })).toHaveLength(1)
})

function targetsOf(dashboard: Made): Target[] {
  return panelsOf(dashboard).flatMap(({ targets }) => targets ?? [])
}

/** An exact name; or a regular expression, of whose alternatives each has to match something. */
function partsOf(filter: string): ((name: string) => boolean)[] {
  const [, whole] = /^\/(.*)\/$/.exec(filter) ?? []
  if (whole === undefined) return [(name) => name === filter]
  const [, before = '', choices = '', after = ''] = /^(.*?)\(([^)]*)\)(.*)$/.exec(whole) ?? ['', whole]
  return choices.split('|').map((choice) => {
    const expression = new RegExp(`${before}${choice}${after}`)
    return (name) => expression.test(name)
  })
}

/**
 * Grafana's own, by way of grafana-foundation-sdk (Apache-2.0). Where Grafana takes anything it says an object; annotations
 * have fields by their data source; and links of fields are those of data, not of dashboards.
 */
function schema(): object {
  const loose = JSON.parse(readFileSync(SCHEMA, 'utf8'), (_, value: Json) =>
    isBareObject(value) ? true : value
  )
  loose.definitions.AnnotationQuery.additionalProperties = true
  loose.definitions.FieldConfig.properties.links.items = true
  return loose
}

function isBareObject(value: Json): boolean {
  if (value === null || typeof value !== 'object' || !('type' in value)) return false
  const { type, properties, additionalProperties: rest = true } = value
  return type === 'object' && properties === undefined && (rest === true || JSON.stringify(rest) === '{}')
}
