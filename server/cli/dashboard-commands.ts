/** `driftlog dashboards`. */
import type { Command } from 'commander'
import type { DashboardFlags } from './dashboards.ts'
import { type CommandParts, examples } from './options.ts'

export function dashboardCommands(program: Command, { env, say, ended }: CommandParts): void {
  const dashboards = program
    .command('dashboards')
    .summary('draws dashboards for Grafana')
    .description(
      "Dashboards for Grafana, drawn from what Zabbix is told: fleet, host, app, container and Driftlog itself. With records in Elasticsearch they show lines, too. They are made anew each time, with the hub's own settings."
    )
    .addHelpText(
      'after',
      examples(
        'driftlog dashboards print fleet',
        'driftlog dashboards export --dir /var/lib/grafana/dashboards/driftlog',
        'DRIFTLOG_GRAFANA_TOKEN=… driftlog dashboards publish --grafana-url https://grafana.example.org',
        'driftlog dashboards status'
      )
    )

  drawn(dashboards.command('print [name]'))
    .summary('prints one dashboard, or all of them')
    .description(
      "Prints a dashboard as JSON, as Grafana's import takes it; without a name all of them, in one list."
    )
    .addHelpText(
      'after',
      examples(
        'driftlog dashboards print host --hub-url https://logs.example.org > host.json',
        "driftlog dashboards print --elasticsearch | jq -r '.[].title'"
      )
    )
    .action(async (name: string | undefined, flags: DashboardFlags) => {
      const { printDashboards } = await import('./dashboards.ts')
      ended(printDashboards(name, flags, env, say))
    })

  drawn(dashboards.command('export'))
    .summary("writes dashboards into Grafana's provisioning folder")
    .description(
      'Writes a file for each dashboard, and says what it did. Files that hold what they should are left alone, and so is everything else in the folder.'
    )
    .requiredOption('--dir <folder>', 'folder that Grafana reads dashboards from; made where it is missing')
    .addHelpText(
      'after',
      examples(
        'driftlog dashboards export --dir /var/lib/grafana/dashboards/driftlog --hub-url https://logs.example.org'
      )
    )
    .action(async ({ dir, ...flags }: DashboardFlags & { dir: string }) => {
      const { exportDashboards } = await import('./dashboards.ts')
      ended(await exportDashboards(dir, flags, env, say))
    })

  drawn(dashboards.command('publish'))
    .summary('brings dashboards into Grafana by its API')
    .description(
      'Brings the dashboards into a folder of their own, with the token in DRIFTLOG_GRAFANA_TOKEN. What is there already is left alone, and so is what somebody has changed since; it then ends with 1. Makes data sources where they are missing and DRIFTLOG_GRAFANA_ZABBIX_TOKEN and DRIFTLOG_GRAFANA_ELASTICSEARCH_API_KEY say with what.'
    )
    .option('--grafana-url <url>', 'address of Grafana (DRIFTLOG_GRAFANA_URL)')
    .option('--overwrite', 'throw away what others have changed')
    .addHelpText(
      'after',
      examples(
        'DRIFTLOG_GRAFANA_TOKEN=… driftlog dashboards publish --grafana-url https://grafana.example.org'
      )
    )
    .action(async (flags: DashboardFlags & { grafanaUrl?: string; overwrite?: boolean }) => {
      const { publishDashboards } = await import('./dashboards.ts')
      ended(await publishDashboards(flags, env, say))
    })

  drawn(dashboards.command('status'))
    .summary('says what is wrong with Grafana, and what to do')
    .description(
      "Looks at everything that dashboards need of Grafana, with the hub's own settings: its version, the token, the plugin, data sources and whether they get answers, each dashboard, marks; or the files in its folder. Changes nothing. Ends with 1 when something is not well."
    )
    .option('--grafana-url <url>', 'address of Grafana (DRIFTLOG_GRAFANA_URL)')
    .option('--json', 'the result as JSON')
    .addHelpText('after', examples('driftlog dashboards status', 'driftlog dashboards status --json'))
    .action(async (flags: DashboardFlags & { grafanaUrl?: string; json?: boolean }) => {
      const { runDashboardStatus } = await import('./dashboards.ts')
      ended(await runDashboardStatus(flags, env, say))
    })
}

function drawn(command: Command): Command {
  return command
    .option(
      '--elasticsearch',
      'with lines out of Elasticsearch (without it: where DRIFTLOG_STORE is elasticsearch)'
    )
    .option('--hub-url <url>', "address of Driftlog's page, for links to it (DRIFTLOG_PUBLIC_URL)")
    .option('--group <name>', "Zabbix's group of hosts (DRIFTLOG_ZABBIX_GROUP, default Driftlog)")
}
