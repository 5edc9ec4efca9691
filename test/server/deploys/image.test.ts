import { expect, test } from 'vitest'
import { imagePatternProblem, readImage, referenceOf, refuseImage } from '../../../server/deploys/image.ts'

const HEX = 'a'.repeat(64)

test.each([
  ['nginx', { name: 'nginx' }],
  ['nginx:1.27', { name: 'nginx', tag: '1.27' }],
  ['shop/orders:V_1.2-rc', { name: 'shop/orders', tag: 'V_1.2-rc' }],
  ['localhost:5000', { name: 'localhost', tag: '5000' }],
  ['localhost:5000/orders', { name: 'localhost:5000/orders' }],
  ['127.0.0.1:5000/a/b/c:1', { name: '127.0.0.1:5000/a/b/c', tag: '1' }],
  ['[::1]:5000/orders:1', { name: '[::1]:5000/orders', tag: '1' }],
  ['Registry.example.org/shop/orders', { name: 'Registry.example.org/shop/orders' }],
  ['a--b/c__d/e.f_g', { name: 'a--b/c__d/e.f_g' }],
  [`shop/orders@sha256:${HEX}`, { name: 'shop/orders', digest: `sha256:${HEX}` }],
  [`r.io:443/o:1@sha256:${HEX}`, { name: 'r.io:443/o', tag: '1', digest: `sha256:${HEX}` }]
])('%s is an image', (text, image) => {
  expect(readImage(text)).toEqual(image)
})

test.each([
  '',
  ' ',
  'nginx ',
  ' nginx',
  'nginx\n',
  'nginx\n:1',
  'nginx:',
  'nginx:1\n',
  'nginx:-1',
  'nginx:.1',
  `nginx:${'1'.repeat(129)}`,
  'nginx@sha256:abc',
  `nginx@sha512:${HEX}`,
  `nginx@sha256:${'A'.repeat(64)}`,
  `nginx@sha256:${HEX}@sha256:${HEX}`,
  'Nginx',
  'shop/Orders',
  'shop//orders',
  '/orders',
  'orders/',
  'a/../b',
  './orders',
  '-x',
  '--privileged',
  'a-',
  'a___b',
  'a..b',
  '$(id)',
  'nginx;id',
  'nginx|id',
  'nginx`id`',
  'nginx&&id',
  "nginx'",
  'nginx"',
  'nginx\\',
  'nginx\0',
  'http://registry/x',
  'registry:port/x',
  'registry:/x',
  'registry:123456/x',
  'user@host/x',
  'r_g.io/x',
  '-r.io/x',
  '[::1/x',
  'nginх',
  HEX,
  'a'.repeat(256),
  `r.io/${'a/'.repeat(200)}a`,
  'a'.repeat(100_000)
])('%j is none, with a code', (text) => {
  expect(() => readImage(text)).toThrow(expect.objectContaining({ code: 'DRIFTLOG_IMAGE_REFERENCE' }))
})

test('what is pulled: the definition’s image, or another tag, digest or reference', () => {
  const digest = `sha256:${HEX}`
  expect(referenceOf('shop/orders')).toBe('shop/orders:latest')
  expect(referenceOf('shop/orders:1')).toBe('shop/orders:1')
  expect(referenceOf(`shop/orders:1@${digest}`)).toBe(`shop/orders@${digest}`)
  expect(referenceOf('r.io:5000/orders:1', '2')).toBe('r.io:5000/orders:2')
  expect(referenceOf('shop/orders:1', digest)).toBe(`shop/orders@${digest}`)
  expect(referenceOf('shop/orders:1', 'r.io/shop/orders')).toBe('r.io/shop/orders:latest')
  for (const bad of ['', '-x', 'a b', 'sha256:1', 'r.io/X', '$(id)'])
    expect(() => referenceOf('shop/orders', bad), bad).toThrow(
      expect.objectContaining({ code: 'DRIFTLOG_IMAGE_REFERENCE' })
    )
})

test.each([
  ['nginx:1', ['nginx'], true],
  ['docker.io/library/nginx', ['nginx'], true],
  ['nginx', ['docker.io/library/*'], true],
  ['index.docker.io/shop/a', ['shop/*'], true],
  ['shop/a', ['nginx', 'shop/*'], true],
  [`r.io/shop/a@sha256:${HEX}`, ['r.io/shop/*'], true],
  ['R.io/shop/a', ['r.io/shop/*'], true],
  ['r.io/shop/a/b', ['r.io/shop/*'], false],
  ['r.io/shop/a/b', ['r.io/**'], true],
  ['r.io/shop', ['r.io/shop/*'], false],
  ['r.io.evil.org/shop/a', ['r.io/shop/*'], false],
  ['rxio/shop/a', ['r.io/shop/*'], false],
  ['evil.org/r.io/shop/a', ['r.io/shop/*'], false],
  ['evil.org/nginx', ['nginx'], false],
  ['r.io:5000/shop/a', ['r.io/shop/*'], false],
  ['a.r.io/x', ['*.r.io/x'], true],
  ['anything.org/at/all', ['*'], true],
  ['nginx', [], false]
])('%s with the list %j: %s', (reference, allowed, isAllowed) => {
  const asked = () => refuseImage(reference, allowed)
  if (isAllowed) expect(asked).not.toThrow()
  else expect(asked).toThrow(expect.objectContaining({ code: 'DRIFTLOG_IMAGE_NOT_ALLOWED', statusCode: 403 }))
})

test('patterns that could never mean an image are named', () => {
  for (const good of ['*', '**', 'nginx', 'r.io/shop/*', '*.r.io/**', 'r.io:5000/a*'])
    expect(imagePatternProblem(good), good).toBeUndefined()
  for (const bad of ['r.io/shop/a:1', `a@sha256:${HEX}`, 'Shop', 'a b', 'r.io//x', 'http://r.io/*'])
    expect(imagePatternProblem(bad), bad).toEqual(expect.any(String))
})
