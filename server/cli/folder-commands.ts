/** Commands about what lies on this machine: `driftlog check`, `driftlog migrate`, `driftlog health`. */
import type { Command } from 'commander'
import { type CommandParts, examples } from './options.ts'

export function folderCommands(program: Command, { env, say, ended }: CommandParts): void {
  program
    .command('check [folder]')
    .summary('verifies an embedded data folder')
    .description(
      'Reads everything in the data folder of a hub and verifies it. It changes nothing. Ends with 1 when it finds damage.'
    )
    .option('--json', 'the result as JSON')
    .addHelpText('after', examples('driftlog check', 'driftlog check /var/lib/driftlog --json'))
    .action(async (folder: string | undefined, flags: { json?: boolean }) => {
      const { check } = await import('./check.ts')
      const { DRIFTLOG_DATA_DIR } = env
      ended(await check(folder ?? (DRIFTLOG_DATA_DIR || './data'), flags.json ?? false, say))
    })

  program
    .command('migrate [folder]')
    .summary('copies an embedded data folder into Elasticsearch')
    .description(
      'Copies records, positions, hosts and tokens of a data folder, whose hub must not run, into the cluster that the DRIFTLOG_ELASTICSEARCH_ settings name. Broken off, it goes on where it was. Ends with 1 when the numbers of records differ in the end.'
    )
    .option('--json', 'the result as JSON')
    .addHelpText('after', examples('DRIFTLOG_ELASTICSEARCH_URL=https://es-1:9200 driftlog migrate ./data'))
    .action(async (folder: string | undefined, flags: { json?: boolean }) => {
      const { runMigration } = await import('./migrate.ts')
      const { DRIFTLOG_DATA_DIR } = env
      ended(await runMigration(folder ?? (DRIFTLOG_DATA_DIR || './data'), flags.json ?? false, env, say))
    })

  program
    .command('health [program]')
    .summary('asks the hub or agent of this container')
    .description(
      'Asks the hub or agent that runs here whether it answers, for health checks. Which one is read from the first process of the container where it is not said. Ends with 1 when there is no answer.'
    )
    .addHelpText('after', examples('driftlog health', 'driftlog health agent'))
    .action(async (name: string | undefined) => {
      const { health } = await import('./health.ts')
      ended(await health(name, env, say))
    })
}
