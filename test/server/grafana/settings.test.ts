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
  expect(grafana).toEqual({ url: new URL(url), token: 'glsa_x' })
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
