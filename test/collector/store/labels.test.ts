/** Labels of containers in documents: few, short, without secrets. */
import { expect, test } from 'vitest'
import { keptLabels } from '../../../collector/store/elasticsearch/labels.ts'

test('names as other shippers write them; hashes, long texts and what a line would lose are left out', () => {
  const kept = keptLabels({
    'com.docker.compose.project': 'shop',
    'com.docker.compose.service': 'orders',
    'com.docker.compose.config-hash': 'ab'.repeat(32),
    'com.docker.compose.image': `sha256:${'cd'.repeat(32)}`,
    'org.opencontainers.image.description': 'long '.repeat(40),
    'com.example.db.password': 'hunter2abc',
    'com.example.url': 'postgres://app:s3cretpw@db/shop',
    'a.b': 'dots',
    empty: ''
  })
  expect(kept).toEqual({
    a_b: 'dots',
    com_docker_compose_project: 'shop',
    com_docker_compose_service: 'orders',
    empty: ''
  })
})

test('whatever there is, they stay within 24 and 1,024 characters; the shortest are kept, the same each time', () => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`l${n}`, `v${n}`]))
  expect(Object.keys(keptLabels(many))).toHaveLength(24)
  expect(keptLabels(many)).toEqual(keptLabels(Object.fromEntries(Object.entries(many).reverse())))
  const wide = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`name${n}`, 'w'.repeat(100 + n)]))
  const kept = Object.entries(keptLabels(wide))
  expect(kept.length).toBeGreaterThan(5)
  expect(kept.reduce((sum, [name, value]) => sum + name.length + value.length, 0)).toBeLessThanOrEqual(1024)
})

test('two names that become one: the shorter label is kept', () => {
  expect(keptLabels({ 'a.b': 'longer', a_b: 'x' })).toEqual({ a_b: 'x' })
  expect(keptLabels({ 'n\0': 'x' })).toEqual({ n_: 'x' })
})
