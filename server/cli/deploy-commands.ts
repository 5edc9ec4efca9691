/** `driftlog deploy`. */
import type { Command } from 'commander'
import type { BeginFlags, CheckFlags, DeployFlags, ListFlags, PromoteFlags } from './deploy.ts'
import { type CommandParts, clientOf, examples, UTC, wholeNumber } from './options.ts'

/** What is said of a deploy by its id alone. */
const WORDS = {
  approve: 'Says yes to a deploy that waits for it.',
  stop: 'Nothing more is begun; what runs is finished. A deploy that has not begun is cancelled.',
  resume: 'Goes on behind a breakpoint, or where it was stopped.',
  retry: 'Deploys the same once more.',
  rollback: 'Brings back what ran before.'
} as const
const FOLLOWED = 'say its steps until it has ended'
const TOKEN = 'a deploy token'

export function deployCommands(program: Command, { env, say, ended }: CommandParts): void {
  const deploy = program
    .command('deploy')
    .summary('deploys apps, and says what became of it')
    .description(
      'Deploys an app to an environment: driftlog deploy <app> --environment <name>. The other commands tell of deploys and take part in them. A deploy that is followed ends with 0 when it succeeded and with 1 when it did not; Ctrl-C ends the following, never the deploy.'
    )
    .addHelpText(
      'after',
      examples(
        'driftlog deploy orders --environment staging --image 1.4 --follow',
        'driftlog deploy orders --environment production --dry-run',
        'driftlog deploy list --app orders',
        'driftlog deploy check 0198… --name unit-tests --passed --url https://ci.example.org/7',
        'driftlog deploy promote 0198… --environment production --reason "release 1.4" --follow'
      )
    )

  const following = (command: Command) => command.option('-f, --follow', FOLLOWED).option(...UTC)

  following(clientOf(deploy.command('begin <app>', { isDefault: true }), TOKEN))
    .summary('deploys an app; the word "begin" may be left away')
    .description('Deploys the newest definition of an app, or another version of it.')
    .requiredOption('-e, --environment <name>', 'where to')
    .option('--image <image>', 'tag, digest (sha256:…) or whole reference; absent: as the definition says')
    .option(
      '--at <version>',
      'of the definition; absent: the newest',
      wholeNumber(1, Number.MAX_SAFE_INTEGER)
    )
    .option('--reason <text>', 'why; stands in the history')
    .option('--dry-run', 'say what would change, and change nothing')
    .addHelpText(
      'after',
      examples(
        'driftlog deploy orders -e staging --image 1.4 --follow',
        'driftlog deploy orders -e production --dry-run --json'
      )
    )
    .action(async (app: string, flags: BeginFlags) => {
      const { beginDeploy } = await import('./deploy.ts')
      ended(await beginDeploy(app, flags, env, say))
    })

  clientOf(deploy.command('list'))
    .description('Lists deploys, newest first.')
    .option('-a, --app <name>', 'only this app')
    .option('-e, --environment <name>', 'only this environment')
    .option('-n, --limit <number>', 'this many at most', wholeNumber(1, 200), 20)
    .option(...UTC)
    .action(async (flags: ListFlags) => {
      const { listDeploys } = await import('./deploy.ts')
      ended(await listDeploys(flags, env, say))
    })

  clientOf(deploy.command('show <id>'))
    .description('Shows a deploy: who, what, its instances, checks and steps.')
    .option(...UTC)
    .action(async (id: string, flags: DeployFlags) => {
      const { showDeploy } = await import('./deploy.ts')
      ended(await showDeploy(id, flags, env, say))
    })

  clientOf(deploy.command('follow <id>'))
    .description('Says the steps of a deploy, from its first, until it has ended.')
    .option(...UTC)
    .action(async (id: string, flags: DeployFlags) => {
      const { followOne } = await import('./deploy.ts')
      ended(await followOne(id, flags, env, say))
    })

  for (const action of ['approve', 'stop', 'resume', 'retry', 'rollback'] as const) {
    following(clientOf(deploy.command(`${action} <id>`), TOKEN))
      .description(WORDS[action])
      .action(async (id: string, flags: DeployFlags) => {
        const { actOnDeploy } = await import('./deploy.ts')
        ended(await actOnDeploy(action, id, flags, env, say))
      })
  }

  following(clientOf(deploy.command('promote <id>'), TOKEN))
    .description('Deploys the very image that ran in one environment to another one.')
    .requiredOption('-e, --environment <name>', 'where to')
    .option('--reason <text>', 'why; stands in the history')
    .action(async (id: string, flags: PromoteFlags) => {
      const { promoteDeploy } = await import('./deploy.ts')
      ended(await promoteDeploy(id, flags, env, say))
    })

  clientOf(deploy.command('check <id>'), TOKEN)
    .description('Tells what CI found out about the image of a deploy; the newest word of a name counts.')
    .requiredOption('--name <name>', 'of the check, as the definition names it: unit-tests, sonar, security')
    .option('--passed', 'it is well')
    .option('--failed', 'it is not')
    .option('--url <url>', 'where the whole report is')
    .option('--text <text>', 'a few words')
    .addHelpText(
      'after',
      examples('driftlog deploy check 0198… --name sonar --failed --text "3 new bugs" --url https://…')
    )
    .action(async (id: string, flags: CheckFlags) => {
      const { reportCheck } = await import('./deploy.ts')
      ended(await reportCheck(id, flags, env, say))
    })

  clientOf(deploy.command('errors <id>'))
    .description(
      'Counts errors of the app before and after a deploy. Ends with 1 where there are more after.'
    )
    .option('--minutes <number>', 'to each side', wholeNumber(1, 1440), 30)
    .action(async (id: string, flags: DeployFlags & { minutes: number }) => {
      const { errorsAroundDeploy } = await import('./deploy.ts')
      ended(await errorsAroundDeploy(id, flags, env, say))
    })
}
