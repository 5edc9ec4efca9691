import { expect, test } from 'vitest'
import { imageText } from '../../../web/deploys/image.ts'

test.each([
  ['orders:1.4', '1.4'],
  ['registry.example.org:5000/shop/orders:1.4', '1.4'],
  ['registry.example.org:5000/shop/orders', 'latest'],
  [`shop/orders@sha256:${'a1'.repeat(32)}`, 'a1a1a1a1a1a1'],
  [`shop/orders:1.4@sha256:${'a1'.repeat(32)}`, 'a1a1a1a1a1a1'],
  [`sha256:${'0f'.repeat(32)}`, '0f0f0f0f0f0f']
])('%s is called %s', (reference, name) => {
  expect(imageText(reference)).toBe(name)
})
