/** `driftlog token` and `driftlog certificate`. */
import { type Command, Option } from 'commander'
import type { CertificateFlags } from './certificate.ts'
import { type ClientFlags, type CommandParts, clientOf, examples, UTC, wholeNumber } from './options.ts'
import type { IssueFlags } from './token.ts'

export function accessCommands(program: Command, { env, say, ended }: CommandParts): void {
  const token = program
    .command('token')
    .summary('issues, lists and revokes tokens')
    .description(
      'Who may ask the hub. Needs an admin token; on the machine of the hub it is found by itself.'
    )
    .addHelpText(
      'after',
      examples(
        'driftlog token issue --name grafana --scope read',
        'driftlog token issue --name anna --scope read --expires-days 90',
        'driftlog token list',
        'driftlog token revoke 0123456789abcdef'
      )
    )
  clientOf(token.command('issue'), 'an admin token')
    .description('Issues a token. Its secret goes to standard output, this once.')
    .requiredOption('--name <name>', 'what it is for: a person or a program')
    .addOption(
      new Option(
        '--scope <scope...>',
        'read: page and API; deploy: that, and what runs where; agent: hosts may join; admin: everything'
      )
        .choices(['read', 'deploy', 'agent', 'admin'])
        .makeOptionMandatory()
    )
    .option('--expires-days <number>', 'ends after so many days', wholeNumber(1, 36_500))
    .action(async (flags: IssueFlags) => {
      const { issueToken } = await import('./token.ts')
      ended(await issueToken(flags, env, say))
    })
  clientOf(token.command('list'), 'an admin token')
    .description('Lists tokens and the keys of hosts, without their secrets.')
    .option(...UTC)
    .action(async (flags: ClientFlags) => {
      const { listTokens } = await import('./token.ts')
      ended(await listTokens(flags, env, say))
    })
  clientOf(token.command('revoke <id>'), 'an admin token')
    .description(
      'Revokes a token: logins and live tails that it opened end. Of the first tokens the hub makes new ones.'
    )
    .option('--host', "the id is a host's: its key is revoked, and its agent must join anew")
    .action(async (id: string, flags: ClientFlags & { host?: boolean }) => {
      const { revokeToken } = await import('./token.ts')
      ended(await revokeToken(id, flags, env, say))
    })

  program
    .command('certificate')
    .summary('makes a certificate that signs itself')
    .description(
      'Makes a certificate for the hub that nobody else vouches for; agents and readers know it by its fingerprint.'
    )
    .option('--name <name...>', 'names and addresses of the hub; absent: those of this machine')
    .option('--out <folder>', 'where cert.pem and key.pem go', './tls')
    .option('--days <number>', 'valid for so many days', wholeNumber(1, 36_500), 825)
    .addHelpText(
      'after',
      examples('driftlog certificate --name logs.example.org --name 10.0.0.5 --out /etc/driftlog')
    )
    .action(async (flags: CertificateFlags) => {
      const { certificate } = await import('./certificate.ts')
      ended(await certificate(flags, say))
    })
}
