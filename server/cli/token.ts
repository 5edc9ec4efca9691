/** `driftlog token`: who may ask the hub, and which hosts have a key. */
import type {
  HostKeysAnswer,
  IssuedTokenJson,
  IssueTokenBody,
  RevokedAnswer,
  TokensAnswer
} from '../api/access.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { changingHub } from './hub-of.ts'
import type { ClientFlags } from './options.ts'
import { clock } from './records.ts'
import type { Say } from './say.ts'
import { safeText, table } from './terminal.ts'

export interface IssueFlags extends ClientFlags {
  name: string
  scope: IssueTokenBody['scopes']
  expiresDays?: number
}

/** Standard output holds the token alone, so that a script can take it. */
export async function issueToken(flags: IssueFlags, env: NodeJS.ProcessEnv, say: Say): Promise<ExitCode> {
  const { name, scope: scopes, expiresDays, json } = flags
  const asked: IssueTokenBody = { name, scopes, ...(expiresDays === undefined ? {} : { expiresDays }) }
  const issued = await changingHub(flags, env).change<IssuedTokenJson>('POST', '/api/tokens', asked)
  if (json) say.line(JSON.stringify(issued))
  else {
    say.line(issued.token)
    const until =
      issued.expires === undefined ? 'until it is revoked' : `until ${clock(issued.expires, true)} UTC`
    say.remark(
      `Scope ${scopes.join(', ')}, ${until}. It is shown this once; "driftlog token revoke ${issued.id}" ends it.`
    )
  }
  return EXIT.ok
}

export async function listTokens(flags: ClientFlags, env: NodeJS.ProcessEnv, say: Say): Promise<ExitCode> {
  const hub = changingHub(flags, env)
  const [{ tokens }, { keys }] = await Promise.all([
    hub.json<TokensAnswer>('/api/tokens'),
    hub.json<HostKeysAnswer>('/api/host-keys')
  ])
  if (flags.json) {
    say.line(JSON.stringify({ tokens, hostKeys: keys }))
    return EXIT.ok
  }
  const time = (text: string | undefined, none: string) =>
    text === undefined ? none : clock(text, flags.utc ?? false)
  const rows = tokens.map(({ id, name, scopes, created, expires, lastUsed }) => [
    ...[id, safeText(name, false), scopes.join(', ')],
    ...[time(created, ''), time(expires, 'never'), time(lastUsed, 'never')]
  ])
  say.write(table([['ID', 'NAME', 'SCOPE', 'CREATED', 'EXPIRES', 'LAST USED'], ...rows], say.paint))
  if (keys.length === 0) return EXIT.ok
  const hosts = keys.map(({ host, name, created, lastUsed }) => [
    ...[host, safeText(name, false)],
    ...[time(created, 'unknown'), time(lastUsed, 'never')]
  ])
  say.write(`\n${table([['HOST KEY', 'HOST', 'CREATED', 'LAST USED'], ...hosts], say.paint)}`)
  return EXIT.ok
}

/** `what` is the id of a token, or with `--host` of a host. */
export async function revokeToken(
  what: string,
  flags: ClientFlags & { host?: boolean },
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const kind = flags.host ? 'host-keys' : 'tokens'
  const gone = await changingHub(flags, env).change<RevokedAnswer>(
    'DELETE',
    `/api/${kind}/${encodeURIComponent(what)}`
  )
  if (flags.json) say.line(JSON.stringify(gone))
  else
    say.line(
      `${flags.host ? 'The key of host' : 'Token'} ${gone.revoked}${gone.name === '' ? '' : ` (${safeText(gone.name, false)})`} is revoked.`
    )
  return EXIT.ok
}
