/** `driftlog zabbix`. */
import type { Command } from 'commander'
import type { ExitCode } from './exit.ts'
import { examples, withSet } from './options.ts'
import type { Say } from './say.ts'
import type { BootstrapFlags } from './zabbix.ts'

interface Parts {
  env: NodeJS.ProcessEnv
  say: Say
  ended(exitCode: ExitCode): void
}

export function zabbixCommands(program: Command, { env, say, ended }: Parts): void {
  const zabbix = program
    .command('zabbix')
    .summary('prepares Zabbix, and says how it stands')
    .description('What the hub needs in Zabbix: made once by an administrator, looked at whenever one likes.')
    .addHelpText(
      'after',
      examples('driftlog zabbix bootstrap --url https://zabbix.example.org', 'driftlog zabbix status')
    )

  zabbix
    .command('bootstrap')
    .summary('makes what the hub needs in Zabbix, once')
    .description(
      'Makes a group for hosts, the template, a user that may change hosts of that group alone, a token for it, and the action that registers hosts. The password of the administrator is read from DRIFTLOG_ZABBIX_ADMIN_PASSWORD. Done again it changes nothing that is as it should be. The token goes to standard output, this once.'
    )
    .option('--url <url>', "address of Zabbix's web frontend (DRIFTLOG_ZABBIX_URL)")
    .option('--user <name>', 'the administrator', 'Admin')
    .option('--group <name>', 'group that hosts are put into (DRIFTLOG_ZABBIX_GROUP, default Driftlog)')
    .option('--new-token', "throw the hub's older token away and make another one")
    .addHelpText(
      'after',
      examples(
        'DRIFTLOG_ZABBIX_ADMIN_PASSWORD=… driftlog zabbix bootstrap --url https://zabbix.example.org',
        'driftlog zabbix bootstrap --new-token > token'
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
