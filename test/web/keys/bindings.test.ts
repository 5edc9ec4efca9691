import { expect, test } from 'vitest'
import { commandFor, type Stroke } from '../../../web/keys/bindings.ts'

const list: Stroke = { key: 'j', ctrl: false, alt: false, inText: false, inList: true, singleKeys: true }

test('single keys act outside text fields only and can be switched off', () => {
  expect(commandFor(list, '').command).toBe('row-next')
  expect(commandFor({ ...list, inText: true, inList: false }, '').command).toBeUndefined()
  expect(commandFor({ ...list, singleKeys: false }, '').command).toBeUndefined()
  expect(commandFor({ ...list, key: 'ArrowDown', singleKeys: false }, '').command).toBe('row-next')
})

test('pairs wait for their second key', () => {
  expect(commandFor({ ...list, key: 'g' }, '')).toEqual({ prefix: 'g' })
  expect(commandFor({ ...list, key: 'g' }, 'g').command).toBe('oldest')
  expect(commandFor({ ...list, key: 'j' }, 'g').command).toBe('row-next')
})

test('of the browser’s chords only two are taken', () => {
  expect(commandFor({ ...list, key: 'f', ctrl: true, inText: true, inList: false }, '').command).toBe('find')
  expect(commandFor({ ...list, key: 'K', ctrl: true }, '').command).toBe('jump')
  for (const key of ['c', 'r', 't', 'w', 'l', 'p', 's', 'n']) {
    expect(commandFor({ ...list, key, ctrl: true }, '').command).toBeUndefined()
  }
})
