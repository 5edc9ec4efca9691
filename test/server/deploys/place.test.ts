import { expect, test } from 'vitest'
import { type Candidate, placesOf } from '../../../server/deploys/place.ts'

function host(name: string, more: Partial<Candidate> = {}): Candidate {
  return { host: name, name, labels: {}, isThere: true, load: 0, ...more }
}
const zoned = (name: string, zone: string) => host(name, { labels: { zone } })
const none = new Map<number, string>()
const placed = (...args: Parameters<typeof placesOf>) =>
  [...placesOf(...args)].sort(([a], [b]) => a - b).map(([, name]) => name)

test('instances are spread over hosts, the least loaded first', () => {
  const hosts = [host('a', { load: 5 }), host('b'), host('c', { load: 1 })]
  expect(placed({ replicas: 4 }, hosts, none)).toEqual(['b', 'c', 'a', 'b'])
})

test('they are spread over the values of a label, and within one over its hosts', () => {
  const hosts = [zoned('a1', 'a'), zoned('a2', 'a'), zoned('b1', 'b')]
  expect(placed({ replicas: 4, placement: { spread: 'zone' } }, hosts, none)).toEqual([
    'a1',
    'b1',
    'a2',
    'b1'
  ])
})

test('slots stay where they are while they may, the others go where there is room', () => {
  const hosts = [host('a'), host('b'), host('c', { isThere: false })]
  const present = new Map([
    [1, 'b'],
    [2, 'c'],
    [3, 'b']
  ])
  expect(placed({ replicas: 3 }, hosts, present)).toEqual(['b', 'a', 'b'])
  expect(placed({ replicas: 3, placement: { onePerHost: true } }, [...hosts, host('d')], present)).toEqual([
    'b',
    'a',
    'd'
  ])
})

test('fewer and more replicas', () => {
  const present = new Map([
    [1, 'a'],
    [2, 'b']
  ])
  const hosts = [host('a'), host('b'), host('c')]
  expect(placed({ replicas: 1 }, hosts, present)).toEqual(['a'])
  expect(placed({ replicas: 3 }, hosts, present)).toEqual(['a', 'b', 'c'])
  expect(placed({ replicas: 0 }, [], none)).toEqual([])
})

test('labels must all be there', () => {
  const hosts = [zoned('a', 'x'), host('b', { labels: { zone: 'x', disk: 'ssd' } })]
  expect(placed({ replicas: 2, placement: { labels: { zone: 'x', disk: 'ssd' } } }, hosts, none)).toEqual([
    'b',
    'b'
  ])
})

test.each([
  ['nobody takes orders', [], {}, 'DRIFTLOG_NO_HOST', 'DRIFTLOG_ORDERS'],
  ['they are away', [host('a', { isThere: false })], {}, 'DRIFTLOG_NO_HOST', 'is there now (a)'],
  ['they lack labels', [host('a')], { labels: { zone: 'x' } }, 'DRIFTLOG_NO_HOST', 'zone=x (a)'],
  ['there are too few', [host('a')], { onePerHost: true }, 'DRIFTLOG_TOO_FEW_HOSTS', '2 hosts']
])('refused where %s', (_, hosts, placement, code, words) => {
  const asked = () => placesOf({ replicas: 2, placement }, hosts, none)
  expect(asked).toThrow(expect.objectContaining({ code, message: expect.stringContaining(words) }))
})
