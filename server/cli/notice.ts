/** `driftlog notice`: who is told what became of deploys. */
import type { Static } from 'typebox'
import type { NoticeJson, NoticesAnswer } from '../deploys/messages/notice.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { changingHub, readingHub } from './hub-of.ts'
import type { ClientFlags } from './options.ts'
import { clock } from './records.ts'
import type { Say } from './say.ts'
import { safeLine, table } from './terminal.ts'
import { readMap } from './written.ts'

export async function putNotice(
  file: string,
  flags: ClientFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const body = await readMap(file)
  const notice = await changingHub(flags, env).change<NoticeJson>('POST', '/api/notices', body)
  say.line(flags.json ? JSON.stringify(notice) : `Notice ${notice.name} tells ${notice.address}.`)
  return EXIT.ok
}

export async function listNotices(flags: ClientFlags, env: NodeJS.ProcessEnv, say: Say): Promise<ExitCode> {
  const hub = readingHub(flags, env)
  const { notices } = await hub.json<Static<typeof NoticesAnswer>>('/api/notices')
  if (flags.json) for (const notice of notices) say.line(JSON.stringify(notice))
  else if (notices.length === 0) say.remark('There is no notice.')
  else {
    const rows = notices.map(({ name, kind, address, waiting, sent, givenUp, lastSentMs, lastError }) => [
      ...[name, kind, safeLine(address), String(waiting), String(sent), String(givenUp)],
      lastSentMs === undefined ? 'never' : clock(new Date(lastSentMs).toISOString(), flags.utc ?? false),
      safeLine(lastError?.text ?? '')
    ])
    const head = ['NAME', 'KIND', 'ADDRESS', 'WAITING', 'SENT', 'GIVEN UP', 'LAST SENT', 'LAST ERROR']
    say.write(table([head, ...rows], say.paint))
  }
  return notices.some(({ givenUp }) => givenUp > 0) ? EXIT.found : EXIT.ok
}

export async function deleteNotice(
  name: string,
  flags: ClientFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const path = `/api/notices/${encodeURIComponent(name)}`
  const gone = await changingHub(flags, env).change<{ deleted: string }>('DELETE', path)
  say.line(flags.json ? JSON.stringify(gone) : `Notice ${gone.deleted} is deleted.`)
  return EXIT.ok
}
