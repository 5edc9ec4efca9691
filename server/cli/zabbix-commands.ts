/** `driftlog zabbix`. */
import type { Command } from 'commander'
import { type CommandParts, examples, wholeNumber, withSet } from './options.ts'
import type { BootstrapFlags } from './zabbix.ts'

export function zabbixCommands(program: Command, { env, say, ended }: CommandParts): void {
  const zabbix = program
    .command('zabbix')
    .summary('prepares Zabbix, and says how it stands')
    .description(
      'What hub and Grafana need in Zabbix: made once by an administrator, looked at whenever one likes.'
    )
    .addHelpText(
      'after',
      examples('driftlog zabbix bootstrap --url https://zabbix.example.org', 'driftlog zabbix status')
    )

  zabbix
    .command('bootstrap')
    .summary('makes what hub and Grafana need in Zabbix, once')
    .description(
      'Makes a group for hosts, the template, a user that may change hosts of that group alone, the action that registers hosts, and a user for Grafana that may read that group alone. The password of the administrator is read from DRIFTLOG_ZABBIX_ADMIN_PASSWORD. Done again it changes nothing that is as it should be. The tokens of both users go to standard output, this once, as the settings that they are; or into files, where a token that still works is left.'
    )
    .option('--url <url>', "address of Zabbix's web frontend (DRIFTLOG_ZABBIX_URL)")
    .option('--user <name>', 'the administrator', 'Admin')
    .option('--group <name>', 'group that hosts are put into (DRIFTLOG_ZABBIX_GROUP, default Driftlog)')
    .option('--new-token', 'throw older tokens away and make others')
    .option('--token-file <file>', "where the hub's token is kept (DRIFTLOG_ZABBIX_TOKEN_FILE of the hub)")
    .option('--grafana-token-file <file>', "where Grafana's token is kept")
    .option('--no-grafana', 'make no user for Grafana')
    .option(
      '--wait <seconds>',
      'wait so long for a Zabbix that does not answer yet',
      wholeNumber(0, 86_400),
      0
    )
    .option(
      '--replace-first-password',
      'where the administrator still has the password of every new Zabbix, change it to the one given'
    )
    .addHelpText(
      'after',
      examples(
        'DRIFTLOG_ZABBIX_ADMIN_PASSWORD=… driftlog zabbix bootstrap --url https://zabbix.example.org',
        'driftlog zabbix bootstrap --new-token >> hub.env',
        'driftlog zabbix bootstrap --token-file /etc/driftlog/zabbix --no-grafana'
      )
    )
    .action(async (flags: BootstrapFlags & { url?: string; group?: string }) => {
      const { runBootstrap } = await import('./zabbix.ts')
      const settings = withSet(env, { DRIFTLOG_ZABBIX_URL: flags.url, DRIFTLOG_ZABBIX_GROUP: flags.group })
      ended(await runBootstrap(flags, settings, say))
    })

  zabbix
    .command('status')
    .summary('says what is wrong with Zabbix, and what to do')
    .description(
      "Looks at everything that the hub needs of Zabbix, with the hub's own settings. Ends with 1 when something is missing."
    )
    .option('--json', 'the result as JSON')
    .addHelpText('after', examples('driftlog zabbix status', 'driftlog zabbix status --json'))
    .action(async (flags: { json?: boolean }) => {
      const { runZabbixStatus } = await import('./zabbix.ts')
      ended(await runZabbixStatus(flags.json ?? false, env, say))
    })
}
