/** Settings of messages. */
import { type Static, Type } from 'typebox'
import { ConfigError } from '../../errors.ts'

export const NOTICE_OPTIONS = {
  DRIFTLOG_NOTICE_HOSTS: Type.Optional(
    Type.String({
      maxLength: 4096,
      description:
        'Hosts that result messages of deploys may go to, separated by commas: hooks.slack.com, *.example.org, 10.0.0.7. Absent: every host but those of the hub itself (loopback), link-local ones, and those where clouds keep credentials of machines.'
    })
  )
}

const ALL = Type.Object(NOTICE_OPTIONS)
const HOST = /^(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$|^[0-9a-f:]*:[0-9a-f:.]*$/

/** Undefined where nothing is said. Throws a ConfigError that names what is wrong. */
export function noticeHostsOf(values: Static<typeof ALL>): string[] | undefined {
  const hosts = values.DRIFTLOG_NOTICE_HOSTS?.split(',').map((part) => part.trim().toLowerCase())
  const wrong = hosts?.find((host) => !HOST.test(host))
  if (wrong === undefined) return hosts
  throw new ConfigError(
    `DRIFTLOG_NOTICE_HOSTS has "${wrong}", which is no host. Write it like hooks.slack.com or *.example.org, without scheme and port, with commas between.`
  )
}
