import { expect, test } from 'vitest'
import {
  isAllowed,
  isSameName,
  patternProblem,
  readImageName,
  registryOf
} from '../../../agent/orders/image-name.ts'

const DIGEST = `sha256:${'0'.repeat(64)}`

test.each([
  ['busybox', { name: 'busybox', tag: undefined, digest: undefined }],
  ['busybox:local', { name: 'busybox', tag: 'local' }],
  ['localhost:5000/shop/app:1.4_x', { name: 'localhost:5000/shop/app', tag: '1.4_x' }],
  [
    `registry.example.org/shop/app:1@${DIGEST}`,
    { name: 'registry.example.org/shop/app', tag: '1', digest: DIGEST }
  ],
  ['[::1]:5000/app', { name: '[::1]:5000/app' }]
])('%s is the name of an image', (text, expected) => {
  expect(readImageName(text)).toMatchObject(expected)
})

test.each([
  '',
  'Busy',
  '../etc',
  'shop/../app',
  'shop//app',
  'app:',
  'app:a b',
  'app;reboot',
  'app@sha256:1',
  `app@${DIGEST}@${DIGEST}`,
  '-x/app',
  'app$(id)',
  'x'.repeat(256)
])('%j is none', (text) => {
  expect(readImageName(text)).toBeUndefined()
})

test.each([
  ['registry.example.org/shop/*', 'registry.example.org/shop/app', true],
  ['registry.example.org/shop/*', 'registry.example.org/shop/app/worker', false],
  ['registry.example.org/shop/*', 'registry.example.org.evil.org/shop/app', false],
  ['registry.example.org/shop/*', 'registryxexample.org/shop/app', false],
  ['registry.example.org/**', 'registry.example.org/shop/app/worker', true],
  ['registry.example.org/**', 'registry.example.org:5000/shop/app', false],
  ['busybox', 'docker.io/library/busybox', true],
  ['docker.io/library/*', 'nginx', true],
  ['library/*', 'nginx', true],
  ['busy*', 'busybox', true],
  ['busybox', 'evil/busybox', false],
  ['shop/*', 'localhost/shop/app', false],
  ['*', 'any.where/at/all', true]
])('the pattern %s and %s: %s', (pattern, name, expected) => {
  expect(isAllowed({ name }, [pattern])).toBe(expected)
  expect(isAllowed({ name }, ['other/app', pattern])).toBe(expected)
})

test('patterns mean names, and are checked when the agent starts', () => {
  expect(patternProblem('registry.example.org:5000/shop/*')).toBeUndefined()
  expect(patternProblem('*')).toBeUndefined()
  expect(patternProblem('shop/app:1')).toContain('has a tag')
  expect(patternProblem(`shop/app@${DIGEST}`)).toContain('has a digest')
  expect(patternProblem('shop/App*')).toBe('is no name of an image')
  expect(patternProblem('(a+)+')).toBe('is no name of an image')
})

test('a name has one registry, however it is written', () => {
  expect(registryOf('nginx')).toBe('docker.io')
  expect(registryOf('shop/app')).toBe('docker.io')
  expect(registryOf('registry.example.org/app')).toBe('registry.example.org')
  expect(isSameName('nginx', 'docker.io/library/nginx')).toBe(true)
  expect(isSameName('nginx', 'registry.example.org/nginx')).toBe(false)
})
