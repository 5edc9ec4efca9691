import { expect, test } from 'vitest'
import { openAccess } from '../../collector/access.ts'
import { MemoryStateStore } from '../../collector/store/memory-state.ts'

test('a token opens what its scopes say, until it is revoked', async () => {
  const access = await openAccess(new MemoryStateStore())
  const { token, id } = await access.issue({ name: 'page', scopes: ['read'] })
  expect(token).toMatch(/^dlr_/)
  expect(access.check(token)).toEqual({ scopes: ['read'], id, name: 'page' })
  expect(access.list()).toMatchObject([{ id, name: 'page', scopes: ['read'] }])
  expect(await access.revoke(id)).toBe(true)
  expect(access.check(token)).toBeUndefined()
  expect(await access.revoke(id)).toBe(false)
})

test('the kind of a token can be seen from its beginning', async () => {
  const access = await openAccess(new MemoryStateStore())
  expect((await access.issue({ name: 'j', scopes: ['agent'] })).token).toMatch(/^dlj_/)
  expect((await access.issue({ name: 'a', scopes: ['read', 'agent', 'admin'] })).token).toMatch(/^dla_/)
})

test('a host key names its host; a new one replaces it', async () => {
  const access = await openAccess(new MemoryStateStore())
  const first = await access.issueHostKey('h1')
  expect(access.check(first)).toEqual({ scopes: [], host: 'h1' })
  const second = await access.issueHostKey('h1')
  expect(access.check(first)).toBeUndefined()
  expect(access.check(second.replace('h1', 'h2'))).toBeUndefined()
  expect(await access.revokeHostKey('h1')).toBe(true)
  expect(access.check(second)).toBeUndefined()
})

test('a reopened state knows the tokens but holds no secret', async () => {
  const state = new MemoryStateStore()
  const { token } = await (await openAccess(state)).issue({ name: 'x', scopes: ['admin'] })
  const key = await (await openAccess(state)).issueHostKey('h')
  const again = await openAccess(state)
  expect(again.check(token)?.scopes).toEqual(['admin'])
  expect(again.check(key)?.host).toBe('h')
  const kept = JSON.stringify([await state.list('token/'), await state.list('hostkey/')])
  expect(kept).not.toContain(token.slice(-32))
  expect(kept).not.toContain(key.slice(-32))
})

test.each([
  '',
  'dlr_',
  'dlk_h_short',
  'dlr_0000000000000000_00000000000000000000000000000000',
  'x'.repeat(5000)
])('a token that is none (%#) is unknown', async (token) => {
  const access = await openAccess(new MemoryStateStore())
  expect(access.check(token)).toBeUndefined()
})
