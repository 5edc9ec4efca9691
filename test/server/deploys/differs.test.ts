import { expect, test } from 'vitest'
import type { Wanted } from '../../../server/deploys/definition.ts'
import { differs } from '../../../server/deploys/differs.ts'
import { specOf } from '../../../server/deploys/spec.ts'
import { digest } from './scene.ts'

const base: Wanted = {
  image: 'shop/orders',
  env: { COLOUR: 'blue', PASSWORD: 'geheim' },
  secrets: { TOKEN: { file: 'token' } },
  volumes: [{ source: 'data', target: '/data' }]
}
const given = { app: 'orders', environment: 'staging', slot: 1, deploy: 'd1', version: 1, port: 20_000 }
const spec = (wanted: Wanted, more: object = {}) =>
  specOf({ ...given, wanted, image: { reference: 'shop/orders:1', digest: digest('1') }, ...more })

test("deploy, version and port are nobody's wish", () => {
  expect(differs(spec(base), spec(base, { deploy: 'd2', version: 2, port: 20_001 }))).toEqual([])
  const turned = { ...base, env: { PASSWORD: 'geheim', COLOUR: 'blue' } }
  expect(differs(spec(base), spec(turned))).toEqual([])
})

test('what differs is named, and its values are not', () => {
  const next: Wanted = {
    ...base,
    env: { COLOUR: 'green', SIZE: '1' },
    secrets: { TOKEN: { env: 'TOKEN' } },
    volumes: [],
    command: ['run'],
    labels: { team: 'a' },
    resources: { memoryMiB: 64 }
  }
  const found = differs(
    spec(base),
    spec(next, { image: { reference: 'shop/orders:1', digest: digest('2') } })
  )
  expect(found).toEqual([
    ...['image', 'env COLOUR', 'env PASSWORD', 'env SIZE', 'label team', 'secret TOKEN', 'volume /data'],
    ...['command', 'memoryBytes']
  ])
  expect(JSON.stringify(found)).not.toContain('geheim')
})

test('a digest is what it is, wherever it comes from; a tag is all that is known before it is pulled', () => {
  const old = spec(base)
  const other = { reference: 'mirror.example.org/orders:9', digest: digest('1') }
  expect(differs(old, spec(base, { image: other }))).toEqual([])
  expect(differs(old, spec(base, { image: { reference: 'shop/orders:1' } }))).toEqual([])
  expect(differs(old, spec(base, { image: { reference: 'shop/orders:2' } }))).toEqual(['image'])
})
