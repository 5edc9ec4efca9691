import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Inspected } from '../../agent/docker/engine.ts'
import { instanceOf, ownContainer } from '../../agent/facts.ts'
import { rotationOf } from '../../agent/files/rotation.ts'
import type { InstanceFacts } from '../../agent/protocol.ts'

interface Fixture {
  title: string
  inspect: Inspected
  expected: Partial<InstanceFacts>
}

const folder = new URL('../fixtures/containers/', import.meta.url)
const options = {
  environment: 'default',
  containersDir: undefined,
  ownContainer: undefined,
  hostRoot: '',
  procDir: '/proc',
  logAccess: 'auto' as const
}
const read = (file: string) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Fixture

for (const file of readdirSync(folder)) {
  const { title, inspect, expected } = read(file)
  test(`${file}: ${title}`, () => {
    const { facts } = instanceOf(inspect, '/var/lib/docker', options)
    const { app, environment, replica, identity, unread, logSource } = facts
    const more = { ...(unread && { unread }), ...(logSource && { logSource }) }
    const found = { app, environment, identity, ...(replica && { replica }), ...more }
    expect(found).toEqual(expected)
  })
}

test('the host’s environment stands where the platform has none', () => {
  const { inspect } = read('compose-v2.json')
  const { facts } = instanceOf(inspect, '/var/lib/docker', { ...options, environment: 'staging' })
  expect(facts.environment).toBe('staging')
})

test('the agent’s own container is known by what Docker mounts into it, and not read', () => {
  const { inspect } = read('name-plain.json')
  const mounts = `612 590 254:1 /var/lib/docker/containers/${inspect.Id}/hostname /etc/hostname rw - ext4 /dev/vda1 rw`
  expect(ownContainer(mounts)).toBe(inspect.Id)
  const shm = `700 25 0:50 / /var/lib/docker/containers/${inspect.Id}/mounts/shm rw - tmpfs shm rw`
  expect(ownContainer(shm)).toBeUndefined()
  const { facts, log } = instanceOf(inspect, '/var/lib/docker', { ...options, ownContainer: inspect.Id })
  expect(facts.unread).toBe('the agent’s own log')
  expect(log).toBeUndefined()
})

test('a driver without files is asked of the engine, unless files alone are wanted', () => {
  const { inspect } = read('driver-journald.json')
  expect(instanceOf(inspect, '/var/lib/docker', options)).toMatchObject({ log: undefined, asked: true })
  const files = instanceOf(inspect, '/var/lib/docker', { ...options, logAccess: 'files' })
  expect(files).toMatchObject({ log: undefined, asked: false })
  expect(files.facts.unread).toContain('"journald" has no files')
  const plain = read('name-plain.json').inspect
  expect(instanceOf(plain, '/var/lib/docker', options)).toMatchObject({ asked: false })
  expect(instanceOf(plain, '/var/lib/docker', { ...options, logAccess: 'api' })).toMatchObject({
    log: undefined,
    asked: true,
    facts: { logSource: 'api' }
  })
})

test('the log is looked for where DRIFTLOG_CONTAINERS_DIR says', () => {
  const { inspect } = read('name-plain.json')
  const { log } = instanceOf(inspect, '/var/lib/docker', { ...options, containersDir: '/host/containers' })
  expect(log?.path).toBe(`/host/containers/${inspect.Id}/${inspect.Id}-json.log`)
})

test('labels that are longer than the protocol allows are cut', () => {
  const { inspect } = read('name-plain.json')
  inspect.Config.Labels = { long: 'x'.repeat(10_000), ['k'.repeat(600)]: 'v' }
  const { labels } = instanceOf(inspect, '/var/lib/docker', options).facts
  expect(Object.entries(labels).map(([key, value]) => [key, value.length])).toEqual([['long', 4096]])
})

test('how the files of a log follow each other', () => {
  const never = { capacityBytes: Number.POSITIVE_INFINITY, fileBytes: 0, files: 1, packs: false }
  expect(rotationOf({})).toEqual(never)
  expect(rotationOf({ 'max-size': '-1', 'max-file': '3' })).toEqual(never)
  const three = { 'max-size': '10m', 'max-file': '3' }
  expect(rotationOf(three)).toEqual({ capacityBytes: 30e6, fileBytes: 10e6, files: 3, packs: false })
  expect(rotationOf({ ...three, compress: 'true' }).packs).toBe(true)
  const small = { capacityBytes: 512_000, fileBytes: 512_000, files: 1, packs: false }
  expect(rotationOf({ 'max-size': '512k' })).toEqual(small)
})
