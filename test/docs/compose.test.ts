/** compose.yaml and what it hands to Grafana, checked as far as that goes without their images. */
import { existsSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { AGENT_OPTIONS } from '../../agent/config.ts'
import { buildProgram } from '../../server/cli/program.ts'
import { HubEnvironment, readConfig } from '../../server/config.ts'
import { logsSource, zabbixSource } from '../../server/grafana/sources.ts'
import { SILENT } from './cli.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

interface Service {
  image: string
  command?: string[]
  environment?: Record<string, string>
  ports?: string[]
  volumes?: (string | object)[]
  depends_on?: Record<string, object>
  restart: string
  mem_limit?: string
}

interface File {
  services: Record<string, Service>
  volumes: Record<string, null>
}

/** Variables as compose fills them in where none is set. */
const filled = (text: string) => text.replaceAll(/\$\{\w+(?::-([^}]*))?\}/g, '$1')
const readFile = (path: string) => parse(filled(read(path)), { merge: true }) as File
const { services, volumes } = readFile('compose.yaml')
const ours = Object.entries(services).filter(([, { image }]) => image === 'driftlog:latest')

test.each(['compose.yaml', 'docs/deploy/compose.agent.yaml'])('%s is one by the specification', (path) => {
  const schema = JSON.parse(read('test/fixtures/compose/compose-spec.json')) as Record<string, unknown>
  const { $schema: _, ...rules } = schema
  const ajv = new Ajv({ strict: false, validateFormats: false })
  const check = ajv.compile(rules)
  check(readFile(path))
  expect(check.errors).toBeNull()
})

test('hub and agent need none of the others', () => {
  for (const name of ['hub', 'agent']) expect(services[name]).not.toHaveProperty('depends_on')
  const { environment = {} } = services['hub'] ?? {}
  // Without its token's file, which another service writes, this is no fault.
  expect(readConfig(environment).zabbix).toMatchObject({
    api: { url: new URL('http://zabbix-web:8080/api_jsonrpc.php') },
    trapper: { host: 'zabbix-server', port: 10_051 }
  })
})

test('every variable that Driftlog is given is one that it knows', () => {
  const known = new Set([
    ...Object.keys(HubEnvironment.properties),
    ...Object.values(AGENT_OPTIONS).map(({ name }) => name),
    'DRIFTLOG_ZABBIX_ADMIN_PASSWORD'
  ])
  expect(ours.length).toBeGreaterThanOrEqual(4)
  for (const [name, { environment = {} }] of ours)
    for (const variable of Object.keys(environment)) expect(known, `${name}: ${variable}`).toContain(variable)
})

test('every command that is started is one that there is, with its flags', () => {
  for (const [name, { command = [] }] of ours) {
    const words = command.filter((word) => !word.startsWith('-') && !word.startsWith('/'))
    let found = buildProgram({ env: {}, say: SILENT, ended: () => {} })
    for (const word of words) {
      const next = found.commands.find((one) => one.name() === word)
      if (next) found = next
    }
    expect(found.name(), name).toBe(words.at(-1))
    const flags = command.flatMap((word) => (word.startsWith('--') ? [word.split('=', 1)[0]] : []))
    expect(found.options.map(({ long }) => long)).toEqual(expect.arrayContaining(flags))
  }
})

test('everything is for this machine alone unless somebody says otherwise, bounded, and kept where it is named', () => {
  for (const [name, service] of Object.entries(services)) {
    for (const port of service.ports ?? []) expect(port, name).toMatch(/^127\.0\.0\.1:\d+:\d+$/)
    expect(service.mem_limit, name).toMatch(/^\d+[mg]$/)
    for (const other of Object.keys(service.depends_on ?? {})) expect(services).toHaveProperty(other)
    for (const volume of service.volumes ?? []) {
      const [source = ''] = typeof volume === 'string' ? volume.split(':') : []
      if (source.startsWith('./'))
        expect(existsSync(new URL(`../../${source}`, import.meta.url)), source).toBe(true)
      else if (source !== '') expect(Object.keys(volumes), source).toContain(source)
    }
  }
})

test('every variable that may be set is explained, with its default', () => {
  const page = read('docs/deploy.md')
  const asked = [...read('compose.yaml').matchAll(/\$\{(\w+):-([^}]*)\}/g)]
  expect(asked.length).toBeGreaterThan(10)
  for (const [, name, standard] of asked) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` |`))
    expect(row, name).toBeDefined()
    if (standard && name !== 'DRIFTLOG_PUBLIC_URL') expect(row, name).toContain(`\`${standard}\``)
  }
})

describe('Grafana is given', () => {
  const bootstrap = services['zabbix-bootstrap']
  const dashboards = services['dashboards']
  const grafana = services['grafana']
  const folder = (service: Service | undefined) =>
    service?.volumes?.flatMap((one) =>
      typeof one === 'string' && one.startsWith('grafana-files:') ? [one] : []
    )

  test('the data source that Driftlog itself would make, with the token that the one-shot writes', () => {
    const { datasources } = parse(read('docs/deploy/grafana/datasources.yaml')) as { datasources: object[] }
    const place = {
      url: 'http://zabbix-web:8080/api_jsonrpc.php',
      secret: '$__file{/run/driftlog-grafana/zabbix-token}'
    }
    expect(datasources).toEqual([zabbixSource(place)])
    expect(bootstrap?.command).toContain('--grafana-token-file=/run/driftlog-grafana/zabbix-token')
    expect(bootstrap?.environment?.['DRIFTLOG_ZABBIX_URL']).toBe(new URL(place.url).origin)
    expect(folder(bootstrap)).toEqual(['grafana-files:/run/driftlog-grafana'])
    expect(folder(grafana)).toEqual(['grafana-files:/run/driftlog-grafana:ro'])
  })

  test('the folder that dashboards are written into, and the plugin', () => {
    const { providers } = parse(read('docs/deploy/grafana/dashboards.yaml')) as {
      providers: { options: { path: string } }[]
    }
    expect(providers.map(({ options }) => options.path)).toEqual(dashboards?.command?.slice(-1))
    const { apps } = parse(read('docs/deploy/grafana/plugins.yaml')) as { apps: { type: string }[] }
    expect(apps.map(({ type }) => type)).toEqual([grafana?.environment?.['GF_PLUGINS_PREINSTALL_SYNC']])
  })

  test('by hand what docs/grafana.md says, which is the same', () => {
    const blocks = [...read('docs/grafana.md').matchAll(/```yaml\n([^`]*?)```/g)]
    const { datasources } = blocks
      .map(([, text = '']) => parse(text) as { datasources?: Record<string, unknown>[] })
      .find((block) => block.datasources) ?? { datasources: [] }
    const [zabbix, logs] = datasources ?? []
    const at = (source: Record<string, unknown> | undefined) => ({
      url: String(source?.['url']),
      secret: '…'
    })
    expect(zabbix).toEqual(zabbixSource(at(zabbix)))
    // Which secret Elasticsearch wants is its administrator's choice.
    const { secureJsonData: _, jsonData, ...rest } = logsSource(at(logs))
    const { httpHeaderName1: __, ...settings } = jsonData as Record<string, unknown>
    expect(logs).toEqual({ ...rest, jsonData: settings })
  })
})
