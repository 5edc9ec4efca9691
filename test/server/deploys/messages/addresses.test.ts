/** Where messages may go. */
import { expect, test } from 'vitest'
import { MemoryStateStore } from '../../../../collector/store/memory-state.ts'
import type { NoticeBody } from '../../../../server/deploys/messages/notice.ts'
import { Notices } from '../../../../server/deploys/messages/notices.ts'
import { post } from '../../../../server/deploys/messages/post.ts'
import { slack } from './receivers.ts'

const BY = { kind: 'person' as const, name: 'anna' }

test.each<[string, Partial<NoticeBody>, string]>([
  ['no address', {}, 'url is missing'],
  ['a file', { url: 'file:///etc/passwd' }, 'no plain http or https'],
  ['a password', { url: 'https://user:secret@chat.example.org/' }, 'no plain http or https'],
  [
    'a secret that has no meaning',
    { url: 'https://chat.example.org/', secret: 'x'.repeat(20) },
    'no meaning'
  ],
  ['an unknown place', { url: 'https://chat.example.org/', text: '{{host}}' }, 'text has {{host}}'],
  ...[
    'http://127.0.0.1:9200/_bulk',
    'http://localhost/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://0x7f.1/',
    'http://2130706433/',
    'http://0.0.0.0/',
    'http://169.254.169.254/latest/meta-data',
    'http://[::ffff:a9fe:a9fe]/latest/meta-data',
    'http://100.100.100.200/latest/meta-data',
    'http://[fd00:ec2::254]/latest/meta-data',
    'http://[fe80::1]/'
  ].map((url): [string, Partial<NoticeBody>, string] => [url, { url }, 'this machine itself or link-local'])
])('a notice with %s is refused', async (_name, change, told) => {
  const notices = new Notices({ state: new MemoryStateStore(), nowMs: Date.now })
  await expect(notices.put({ name: 'ops', kind: 'slack', ...change }, BY)).rejects.toMatchObject({
    code: 'DRIFTLOG_NOTICE',
    message: expect.stringContaining(told)
  })
})

test('a list of hosts is all that messages may go to', async () => {
  const hosts = ['hooks.slack.com', '*.example.org', '127.0.0.1']
  const notices = new Notices({ state: new MemoryStateStore(), nowMs: Date.now, hosts })
  const put = (url: string) => notices.put({ name: 'ops', kind: 'slack', url }, BY)
  for (const url of ['https://hooks.slack.com/x', 'https://a.b.example.org/', 'http://127.0.0.1:9000/'])
    expect((await put(url)).url).toBe(url)
  for (const url of ['https://example.org/', 'https://evilexample.org/', 'https://slack.com/'])
    await expect(put(url)).rejects.toMatchObject({ code: 'DRIFTLOG_NOTICE' })
})

test('a name that leads to this machine is found out when it is looked up', async () => {
  await using s = await slack()
  const url = new URL(s.url)
  url.hostname = 'localhost'
  await expect(
    post({ url, headers: {}, body: '{}' }, { signal: new AbortController().signal })
  ).rejects.toMatchObject({ code: 'DRIFTLOG_NOTICE' })
  expect(s.received).toEqual([])
})

test('an address is kept where none is given again, and its secret does not go with another one', async () => {
  const notices = new Notices({ state: new MemoryStateStore(), nowMs: Date.now })
  const [url, secret] = ['https://chat.example.org/key', 'a-secret-of-sixteen']
  await notices.put({ name: 'ops', kind: 'generic', url, secret }, BY)
  expect(await notices.put({ name: 'ops', kind: 'generic', on: ['failed'] }, BY)).toMatchObject({
    url,
    secret
  })
  const moved = await notices.put({ name: 'ops', kind: 'generic', url: 'https://other.example.org/' }, BY)
  expect(moved.secret).toBeUndefined()
  await expect(notices.put({ name: 'ops', kind: 'slack' }, BY)).rejects.toMatchObject({
    code: 'DRIFTLOG_NOTICE'
  })
})
