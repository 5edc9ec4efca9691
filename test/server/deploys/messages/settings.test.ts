import { expect, test } from 'vitest'
import { withoutSecrets } from '../../../../server/cli/log.ts'
import { readConfig } from '../../../../server/config.ts'

const NAME = 'DRIFTLOG_NOTICE_HOSTS'

test('hosts that messages may go to are a list, or nothing is said', () => {
  expect(readConfig({}).noticeHosts).toBeUndefined()
  const noticeHosts = ['hooks.slack.com', '*.example.org', '10.0.0.7', '::1']
  expect(readConfig({ [NAME]: 'hooks.slack.com, *.Example.org,10.0.0.7,::1' }).noticeHosts).toEqual(
    noticeHosts
  )
})

test.each(['https://hooks.slack.com', 'a b', '*', '*.', 'host:8080/x', 'a,,b', '-x'])(
  '%s is no list',
  (text) => {
    expect(() => readConfig({ [NAME]: text })).toThrow(NAME)
  }
)

test('a secret of a trigger does not reach the log', () => {
  const secret = 'whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q='
  expect(withoutSecrets(`{"msg":"x ${secret}"}`)).toBe('{"msg":"x whsec_…"}')
})
