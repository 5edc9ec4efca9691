import { expect, test } from 'vitest'
import { START_VIEW, urlOf, type View, viewOf } from '../../../web/state/view.ts'

const through = (view: View) => viewOf(new URL(urlOf(view), 'http://hub'))

test('a view comes back from its URL, whatever its names hold', () => {
  for (const app of ['', 'orders', '-', '.', '..', '~x', 'a/b', '登录 & co?#', '100%']) {
    const view: View = {
      ...START_VIEW,
      environment: app,
      app,
      q: `level:"${app}" +x`,
      cols: ['a,b', 'c.d'],
      at: '1.2',
      ctx: 'app',
      n: 70,
      live: true,
      order: 'up',
      tz: 'Asia/Shanghai',
      from: 'now-2d'
    }
    expect(through(view)).toEqual(view)
  }
})

test('what cannot be understood keeps its default', () => {
  expect(viewOf(new URL('http://hub/?n=9999&order=x&ctx=app'))).toEqual(START_VIEW)
  expect(urlOf(START_VIEW)).toBe('/-/-/logs')
})

test('a deploy, a definition and what it is compared with come back, and take the question along', () => {
  const asked = { ...START_VIEW, environment: 'prod', app: 'orders', q: 'level>=error', from: 'now-1d' }
  const deploy: View = { ...asked, page: 'deploys', deploy: '0198-a/b' }
  expect(urlOf(deploy)).toMatch(/^\/prod\/orders\/deploys\/0198-a%2Fb\?q=/)
  const definition: View = { ...asked, page: 'definition', version: 5, against: 4 }
  for (const view of [deploy, definition, { ...asked, page: 'deploys' } as View])
    expect(through(view)).toEqual(view)
  expect(viewOf(new URL('http://hub/-/-/definition?version=-1&against=x'))).toMatchObject({
    version: 0,
    against: 0
  })
})
