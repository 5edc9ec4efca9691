/** `driftlog app`. */
import { type Command, Option } from 'commander'
import type { ComposeFlags, DiffFlags, EndpointFlags, PutFlags, VersionFlags } from './app.ts'
import { type ClientFlags, type CommandParts, clientOf, examples, UTC, wholeNumber } from './options.ts'

const version = wholeNumber(1, Number.MAX_SAFE_INTEGER)
export function appCommands(program: Command, { env, say, ended }: CommandParts): void {
  const app = program
    .command('app')
    .summary('what apps are defined to be')
    .description('Keeps definitions of apps in versions: what "driftlog deploy" brings to the hosts.')
    .addHelpText(
      'after',
      examples(
        'driftlog app put orders.yaml',
        'driftlog app diff orders --from 3 --to 4 --environment production',
        'driftlog app compose orders --environment staging > docker-compose.yml',
        'driftlog app endpoints orders --environment production'
      )
    )

  clientOf(app.command('put <file>'), 'a deploy token')
    .description(
      'Keeps a definition, in YAML or JSON, as the newest version of an app. What says the same as the newest makes no version. "-" reads standard input.'
    )
    .option('-a, --app <name>', "the app; absent: the file's name without its ending")
    .option('--dry-run', 'check it, say what would be other, and keep nothing')
    .addHelpText(
      'after',
      examples('driftlog app put orders.yaml', 'driftlog app put - --app orders < x.json')
    )
    .action(async (file: string, flags: PutFlags) => {
      const { putApp } = await import('./app.ts')
      ended(await putApp(file, flags, env, say))
    })

  clientOf(app.command('list'))
    .description('Lists apps that have a definition.')
    .option(...UTC)
    .action(async (flags: ClientFlags) => {
      const { listApps } = await import('./app.ts')
      ended(await listApps(flags, env, say))
    })

  clientOf(app.command('show <app>'))
    .description('Shows the newest definition of an app, or another version of it.')
    .option('--at <version>', 'this version', version)
    .action(async (name: string, flags: VersionFlags) => {
      const { showApp } = await import('./app.ts')
      ended(await showApp(name, flags, env, say))
    })

  clientOf(app.command('versions <app>'))
    .description('Lists the versions of a definition, newest first.')
    .option(...UTC)
    .action(async (name: string, flags: ClientFlags) => {
      const { listVersions } = await import('./app.ts')
      ended(await listVersions(name, flags, env, say))
    })

  clientOf(app.command('diff <app>'))
    .description('Says what is other between two versions. Ends with 1 where anything is.')
    .option('--from <version>', 'absent: the one before the newest', version)
    .option('--to <version>', 'absent: the newest', version)
    .option('-e, --environment <name>', 'as it is in this environment, with its own words laid over')
    .option('--to-environment <name>', 'compare with this environment, within one version')
    .action(async (name: string, flags: DiffFlags) => {
      const { diffApp } = await import('./app.ts')
      ended(await diffApp(name, flags, env, say))
    })

  clientOf(app.command('compose <app>'))
    .description('Renders a definition as docker-compose.yml.')
    .requiredOption('-e, --environment <name>', 'for this environment')
    .option('--at <version>', 'of this version', version)
    .addOption(
      new Option('--kind <kind>', 'docker-compose.yml or rancher-compose.yml')
        .choices(['compose', 'rancher'])
        .default('compose')
    )
    .action(async (name: string, flags: ComposeFlags) => {
      const { composeApp } = await import('./app.ts')
      ended(await composeApp(name, flags, env, say))
    })

  clientOf(app.command('delete <app>'), 'a deploy token')
    .description('Removes the definition of an app that runs nowhere; what its deploys did stays on record.')
    .action(async (name: string, flags: ClientFlags) => {
      const { deleteApp } = await import('./app.ts')
      ended(await deleteApp(name, flags, env, say))
    })

  clientOf(app.command('endpoints <app>'))
    .description('Lists host and port of each healthy instance. Ends with 1 where there is none.')
    .requiredOption('-e, --environment <name>', 'in this environment')
    .action(async (name: string, flags: EndpointFlags) => {
      const { endpointsOfApp } = await import('./app.ts')
      ended(await endpointsOfApp(name, flags, env, say))
    })
}
