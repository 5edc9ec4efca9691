/** How a notice stands, by what is remembered of its messages. */
import { shownAddress } from './address.ts'
import type { NoticeJson } from './notice.ts'
import type { KeptNotice } from './notices.ts'
import type { KeptMessage } from './outbox.ts'

export function noticeJson(
  { url, secret, createdMs: _, ...notice }: KeptNotice,
  messages: readonly KeptMessage[]
): NoticeJson {
  const sent = messages.filter(({ end }) => end === 'sent')
  const lastSentMs = Math.max(...sent.map(({ endMs = 0 }) => endMs))
  // What was taken in the end is no error any more.
  const failed = messages.filter(({ end, lastError }) => end !== 'sent' && lastError !== undefined).at(-1)
  return {
    ...{ ...notice, address: shownAddress(url), isSigned: secret !== undefined },
    waiting: messages.filter(({ end }) => end === undefined).length,
    sent: sent.length,
    givenUp: messages.filter(({ end }) => end === 'given-up').length,
    ...(sent.length > 0 ? { lastSentMs } : {}),
    ...(failed
      ? {
          lastError: {
            ...{ atMs: failed.endMs ?? failed.atMs, deploy: failed.facts.deploy ?? '' },
            text: failed.lastError ?? ''
          }
        }
      : {})
  }
}
