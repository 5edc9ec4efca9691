import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from '../../../server/config.ts'

const URL_NAME = 'DRIFTLOG_GRAFANA_URL'
const TOKEN = { DRIFTLOG_GRAFANA_TOKEN: 'glsa_x' }

test('no Grafana is named unless its address is', () => {
  expect(readConfig({ ...TOKEN }).grafana).toBeUndefined()
})

test.each([
  ['https://grafana.example.org', 'https://grafana.example.org/'],
  ['https://example.org/grafana', 'https://example.org/grafana/']
])('%s may be named, with a path below which it lies', (address, url) => {
  const { grafana } = readConfig({ ...TOKEN, [URL_NAME]: address })
  expect(grafana).toEqual({
    api: { url: new URL(url), token: 'glsa_x' },
    refreshCron: '*/10 * * * *',
    makeSources: false
  })
})

test.each(['grafana:3000', 'ftp://grafana', 'https://me:secret@grafana', 'https://grafana/?orgId=1'])(
  '%s is refused with the name of the variable',
  (address) => {
    expect(() => readConfig({ ...TOKEN, [URL_NAME]: address })).toThrow(URL_NAME)
  }
)

test('an address without a token is refused', () => {
  expect(() => readConfig({ [URL_NAME]: 'https://grafana.example.org' })).toThrow('DRIFTLOG_GRAFANA_TOKEN')
})

test('a folder for files needs no address', () => {
  const { grafana } = readConfig({ DRIFTLOG_GRAFANA_DASHBOARDS_DIR: 'dashboards' })
  expect(grafana).toMatchObject({ dashboardsDir: resolve('dashboards') })
  expect(grafana?.api).toBeUndefined()
})

test.each(['*/5 * * * *', '0 6 * * mon-fri', '30 2 1 * *'])('%s is a schedule', (cron) => {
  const settings = { DRIFTLOG_GRAFANA_DASHBOARDS_DIR: '/d', DRIFTLOG_GRAFANA_REFRESH_CRON: cron }
  expect(readConfig(settings).grafana?.refreshCron).toBe(cron)
})

test.each(['hourly', '61 * * * *', '* * *', '*/0 * * * *', '* * * * * * *'])(
  '%s is none, and is told',
  (cron) => {
    expect(() => readConfig({ DRIFTLOG_GRAFANA_REFRESH_CRON: cron })).toThrow(
      `DRIFTLOG_GRAFANA_REFRESH_CRON="${cron}"`
    )
  }
)

test('data sources are made by the API alone', () => {
  const folder = { DRIFTLOG_GRAFANA_DASHBOARDS_DIR: '/d', DRIFTLOG_GRAFANA_SOURCES: 'make' }
  expect(() => readConfig(folder)).toThrow('DRIFTLOG_GRAFANA_URL')
  expect(readConfig({ ...folder, ...TOKEN, [URL_NAME]: 'http://g' }).grafana?.makeSources).toBe(true)
})
