import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { OrderFailure } from '../../../agent/orders/codes.ts'
import { credentialsFor } from '../../../agent/orders/registry-auth.ts'

const folder = mkdtempSync(join(tmpdir(), 'driftlog-auth-'))
const path = join(folder, 'config.json')
afterAll(() => rmSync(folder, { recursive: true }))

function asked(registry: string, config: unknown): unknown {
  writeFileSync(path, typeof config === 'string' ? config : JSON.stringify(config))
  try {
    return credentialsFor(registry, path)
  } catch (error) {
    return error instanceof OrderFailure ? `${error.code} ${error.message}` : error
  }
}

const auth = Buffer.from('anna:a:b').toString('base64')
const anna = { username: 'anna', password: 'a:b' }

test.each([
  ['registry.example.org', { auths: { 'registry.example.org': { auth } } }, anna],
  ['registry.example.org', { auths: { 'https://registry.example.org/v2/': { auth } } }, anna],
  ['docker.io', { auths: { 'https://index.docker.io/v1/': { auth } } }, anna],
  ['r.example', { auths: { 'r.example': anna } }, anna],
  ['r.example', { auths: { 'r.example': { identitytoken: 't' } } }, { identitytoken: 't' }]
])('%s by %j', (registry, config, expected) => {
  expect(asked(registry, config)).toMatchObject(expected)
})

test('without an entry none are sent, and without a file neither', () => {
  expect(asked('other.example', { auths: { 'r.example': { auth } } })).toBeUndefined()
  expect(credentialsFor('r.example', undefined)).toBeUndefined()
})

test.each([
  [{ credHelpers: { 'r.example': 'ecr-login' } }, 'ecr-login'],
  [{ credsStore: 'desktop', auths: { 'r.example': {} } }, 'desktop'],
  [{ auths: { 'r.example': { auth: 'x' } } }, 'is not name:password'],
  ['{', 'it is no JSON'],
  [[], 'it is no object']
])('%j is told as wrong', (config, why) => {
  expect(asked('r.example', config)).toMatch(/^DRIFTLOG_REGISTRY_AUTH DRIFTLOG_REGISTRY_AUTH_FILE \(.*\): /)
  expect(asked('r.example', config)).toContain(why)
})

test('a file that is not there is told by its name', () => {
  expect(() => credentialsFor('r.example', '/nowhere/config.json')).toThrow(
    '/nowhere/config.json): it cannot be read'
  )
})
