import { expect, test } from 'vitest'
import { readHostApps } from '../../../agent/sources/host-apps.ts'

test('apps of the host, apart by semicolons or newlines', () => {
  expect(
    readHostApps(
      'app=nginx env=production /var/log/nginx/*.log; app=cron /var/log/{a,b}.log\napp=cron /x/*',
      'test'
    )
  ).toEqual([
    { app: 'nginx', environment: 'production', patterns: '/var/log/nginx/*.log' },
    { app: 'cron', environment: 'test', patterns: '/var/log/{a,b}.log /x/*' }
  ])
  expect(readHostApps(' ; ', 'test')).toEqual([])
})

test.each([
  ['/var/log/*.log', 'names no app'],
  ['app=nginx', 'names no files'],
  ['app=nginx level=warn /a.log', 'only app= and env= count'],
  ['app=nginx app=b /a.log', 'says app= twice'],
  ['app=nginx var/log/*.log', 'does not begin with "/"'],
  [`app=${'a'.repeat(101)} /a.log`, 'more than 100 characters'],
  ['app=a env=x /a.log; app=a env=y /b.log', 'with two environments']
])('%s is refused with its place and the way out', (text, why) => {
  expect(readHostApps(text, 'test')).toMatchObject({ why: expect.stringContaining(why) })
})
