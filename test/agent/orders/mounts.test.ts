import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { OrderFailure } from '../../../agent/orders/codes.ts'
import { type MountRules, mountsOf, secretValues } from '../../../agent/orders/mounts.ts'
import type { InstanceSpec, SecretAsked } from '../../../agent/protocol-orders.ts'

const root = mkdtempSync(join(tmpdir(), 'driftlog-mounts-'))
mkdirSync(join(root, 'srv', 'shop'), { recursive: true })
mkdirSync(join(root, 'srv', 'shopping'))
mkdirSync(join(root, 'secrets', 'folder'), { recursive: true })
writeFileSync(join(root, 'secrets', 'db'), 'x')
writeFileSync(join(root, 'outside'), 'x')
symlinkSync(join(root, 'outside'), join(root, 'secrets', 'out'))
symlinkSync('/etc', join(root, 'srv', 'shop', 'etc'))
symlinkSync(join(root, 'srv', 'shop'), join(root, 'srv', 'alias'))
symlinkSync('../..', join(root, 'srv', 'shop', 'up'))
afterAll(() => rmSync(root, { recursive: true }))

const rules: MountRules = {
  binds: [join(root, 'srv', 'shop')],
  secretsDir: join(root, 'secrets'),
  secrets: { KEY: 'k' },
  hostRoot: ''
}

function told(act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    return error instanceof OrderFailure ? error.code : error
  }
}

const bind = (source: string, own: MountRules = rules, target = '/data') => {
  const spec = { volumes: [{ source, target, readOnly: true }], secrets: [] as SecretAsked[] }
  return told(() => mountsOf(spec as unknown as InstanceSpec, own))
}

test('named volumes are always allowed, folders below those that are named', () => {
  expect(bind('data', { ...rules, binds: [] })).toEqual([
    { kind: 'volume', source: 'data', target: '/data', readOnly: true }
  ])
  const shop = join(root, 'srv', 'shop')
  expect(bind(shop)).toEqual([{ kind: 'bind', source: shop, target: '/data', readOnly: true }])
})

test.each([
  ['another folder', () => '/etc'],
  ['one that begins alike', () => join(root, 'srv', 'shopping')],
  ['a way up', () => `${root}/srv/shop/../shopping`],
  ['a way up and back', () => `${root}/srv/shop/../shop`],
  ['a link out of it', () => join(root, 'srv', 'shop', 'etc')],
  ['a link up', () => join(root, 'srv', 'shop', 'up')],
  ['what is not there', () => join(root, 'srv', 'shop', 'nothing')],
  ['a relative path', () => 'srv/shop'],
  ['a name that is none', () => '../data']
])('refused: %s', (_, source) => {
  expect(bind(source())).toBe('DRIFTLOG_BIND_NOT_ALLOWED')
})

test.each(['/', '/a/../b', '/a//b', '/./a'])('no place for a volume: %s', (target) => {
  expect(bind('data', rules, target)).toBe('DRIFTLOG_BIND_NOT_ALLOWED')
})

test('an allowed folder may itself be a link, and below a root of its own no link leads out', () => {
  const alias = join(root, 'srv', 'alias')
  expect(bind(alias, { ...rules, binds: [alias] })).toMatchObject([{ source: join(root, 'srv', 'shop') }])
  const inside = { ...rules, hostRoot: root, binds: ['/srv'] }
  expect(bind('/srv/shop', inside)).toMatchObject([{ source: '/srv/shop' }])
  expect(bind('/srv/shop/etc', inside)).toBe('DRIFTLOG_BIND_NOT_ALLOWED')
})

const secret = (asked: SecretAsked, own: MountRules = rules) => {
  const spec = { volumes: [], secrets: [asked] } as unknown as InstanceSpec
  return told(() => [mountsOf(spec, own), secretValues(spec, own)])
}

test('secrets are files of one folder, or variables of the agent', () => {
  expect(secret({ name: 'DB', file: 'db' })).toEqual([
    [{ kind: 'bind', source: join(root, 'secrets', 'db'), target: '/run/secrets/db', readOnly: true }],
    { DB: '/run/secrets/db' }
  ])
  expect(secret({ name: 'K', env: 'KEY' })).toEqual([[], { K: 'k' }])
})

test('a file that several variables name is mounted once', () => {
  const secrets = [
    { name: 'DB', file: 'db' },
    { name: 'OTHER_DB', file: 'db' }
  ]
  const spec = { volumes: [], secrets } as unknown as InstanceSpec
  expect(mountsOf(spec, rules).map(({ target }) => target)).toEqual(['/run/secrets/db'])
  expect(secretValues(spec, rules)).toEqual({ DB: '/run/secrets/db', OTHER_DB: '/run/secrets/db' })
})

test.each([
  ['no such file', { name: 'S', file: 'no' }],
  ['a folder', { name: 'S', file: 'folder' }],
  ['a link out of it', { name: 'S', file: 'out' }],
  ['no such variable', { name: 'S', env: 'NO' }],
  ['what every object has', { name: 'S', env: 'constructor' }]
])('refused: %s', (_, asked) => {
  expect(secret(asked)).toBe('DRIFTLOG_SECRET')
})

test('without a folder of secrets there are no files', () => {
  expect(secret({ name: 'DB', file: 'db' }, { ...rules, secretsDir: undefined })).toBe('DRIFTLOG_SECRET')
})
