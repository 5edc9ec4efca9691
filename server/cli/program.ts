/** The commands, their options and their help. Settings go into the environment, where the schemas check them. */
import { Command, Option } from 'commander'
import { ownVersion } from '../version.ts'
import { accessCommands } from './access-commands.ts'
import { agentCommands } from './agent-commands.ts'
import { appCommands } from './app-commands.ts'
import { dashboardCommands } from './dashboard-commands.ts'
import { deployCommands } from './deploy-commands.ts'
import { folderCommands } from './folder-commands.ts'
import {
  type ClientFlags,
  type CommandParts,
  clientOf,
  examples,
  UTC,
  wholeNumber,
  withSet
} from './options.ts'
import { noticeCommands, triggerCommands } from './trigger-commands.ts'
import { zabbixCommands } from './zabbix-commands.ts'

/** The longest answer that is held in memory to be turned around; `search --all` has no such limit. */
const MAX_LIMIT = 100_000

export function buildProgram({ env, say, joinToken, ended }: CommandParts): Command {
  const program = new Command('driftlog')
    .description('One search and one live tail per app, wherever its containers run.')
    .version(`driftlog ${ownVersion()}`, '-v, --version', 'say the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help of a command')
    .configureHelp({ styleTitle: (text) => say.paint('bold', text), showGlobalOptions: false })
    .showSuggestionAfterError()
    .addHelpText('after', MAIN_HELP)
    .exitOverride()

  const hubSettings = (command: Command) =>
    command
      .option(
        '--port <number>',
        'port to listen on; 0 takes any free one (DRIFTLOG_LISTEN_PORT, default 7400)'
      )
      .option(
        '--host <address>',
        'address to listen on; any but loopback demands tokens (DRIFTLOG_LISTEN_HOST)'
      )
      .option('--public-url <url>', 'address under which others reach the hub (DRIFTLOG_PUBLIC_URL)')
      .option('--data <folder>', 'folder of the records and the state (DRIFTLOG_DATA_DIR, default ./data)')
      .option('--tls-cert <file>', 'certificate to serve; the hub then speaks https (DRIFTLOG_TLS_CERT_FILE)')
      .option('--tls-key <file>', 'its private key (DRIFTLOG_TLS_KEY_FILE)')
      .option('--log-level <level>', 'fatal, error, warn, info, debug, trace or silent (DRIFTLOG_LOG_LEVEL)')
  const hubEnv = (flags: HubFlags): NodeJS.ProcessEnv =>
    withSet(env, {
      DRIFTLOG_LISTEN_PORT: flags.port,
      DRIFTLOG_LISTEN_HOST: flags.host,
      DRIFTLOG_PUBLIC_URL: flags.publicUrl,
      DRIFTLOG_DATA_DIR: flags.data,
      DRIFTLOG_TLS_CERT_FILE: flags.tlsCert,
      DRIFTLOG_TLS_KEY_FILE: flags.tlsKey,
      DRIFTLOG_LOG_LEVEL: flags.logLevel
    })

  hubSettings(program.command('up'))
    .summary('hub and agent of this machine')
    .description(
      'Starts the hub and the agent of this machine. Where no Docker Engine answers, it shows a played fleet.'
    )
    .option('--no-demo', 'wait for a Docker Engine instead of showing the played fleet')
    .option('--socket <path>', "the Docker Engine's socket (DRIFTLOG_DOCKER_SOCKET)")
    .addHelpText(
      'after',
      examples(
        'driftlog up',
        'driftlog up --port 8080 --data /var/lib/driftlog',
        'driftlog up --host 0.0.0.0   # other hosts may join; tokens are demanded'
      )
    )
    .action(async (flags: HubFlags & { demo: boolean; socket?: string }) => {
      const { up } = await import('./up.ts')
      ended(
        await up(withSet(hubEnv(flags), { DRIFTLOG_DOCKER_SOCKET: flags.socket }), say, { demo: flags.demo })
      )
    })

  hubSettings(program.command('hub'))
    .summary('the hub alone')
    .description('Starts the hub alone: it receives, stores and answers. Agents join it.')
    .addHelpText(
      'after',
      examples(
        'driftlog hub --data /var/lib/driftlog',
        'driftlog hub --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem',
        'driftlog hub --public-url https://logs.example.org   # behind a proxy on this machine'
      )
    )
    .action(async (flags: HubFlags) => {
      const { runHub } = await import('./hub.ts')
      ended(await runHub(hubEnv(flags), say))
    })

  agentCommands(program, { env, say, ended, ...(joinToken === undefined ? {} : { joinToken }) })

  clientOf(program.command('search [query...]'))
    .summary('searches the logs')
    .description(
      'Searches. Shows the newest lines that match, oldest to newest. Ends with 1 when nothing is found.'
    )
    .option('-a, --app <name>', 'only this app')
    .option('-e, --env <name>', 'only this environment')
    .option('--from <time>', 'from this time on: now-15m, 2026-11-23T10:00:00Z, epoch digits', 'now-1h')
    .option('--to <time>', 'up to this time', 'now')
    .option(
      '-n, --limit <number>',
      `this many lines at most (1 … ${MAX_LIMIT})`,
      wholeNumber(1, MAX_LIMIT),
      200
    )
    .option('--oldest', 'the oldest lines that match instead of the newest')
    .option('-r, --reverse', 'newest line first')
    .addOption(new Option('--all', 'every line that matches, oldest first').conflicts(['oldest', 'reverse']))
    .option(...UTC)
    .addHelpText(
      'after',
      examples(
        "driftlog search 'level>=error -timeout' --from now-1d",
        'driftlog search -a orders trace_id:7f3a*',
        'driftlog search -- -debug        # behind --, because it begins with a minus',
        'driftlog search \'app:orders "connection refused"\' --json | jq -r .text',
        'driftlog search --all --from now-7d app:web > web.log'
      )
    )
    .action(async (words: string[], flags: SearchFlags) => {
      const { runSearch } = await import('./ask.ts')
      ended(await runSearch(words.join(' '), flags, env, say))
    })

  clientOf(program.command('tail [app] [query...]'))
    .summary('follows an app over its moves')
    .description(
      'Follows the lines of an app as they come, wherever it runs; of every app where none is named.'
    )
    .option('-e, --env <name>', 'only this environment')
    .option('-n, --lines <number>', 'begin with this many lines of the last hour', wholeNumber(0, 1000), 10)
    .option(...UTC)
    .addHelpText(
      'after',
      examples(
        'driftlog tail orders',
        "driftlog tail orders 'level>=warn'",
        'driftlog tail --json | jq .text'
      )
    )
    .action(async (app: string | undefined, words: string[], flags: TailFlags) => {
      const { runTail } = await import('./ask.ts')
      ended(await runTail(app, words.join(' '), flags, env, say))
    })

  clientOf(program.command('status'))
    .summary('hub, hosts, apps, and what is behind')
    .description(
      'Says how the hub, its store, hosts and apps are. Ends with 1 when something needs a person.'
    )
    .option('-w, --watch', 'hosts and running instances with CPU, memory, network and disks, again and again')
    .option(...UTC)
    .addHelpText(
      'after',
      examples('driftlog status', 'driftlog status --json | jq .status.store', 'driftlog status --watch')
    )
    .action(async (flags: StatusFlags) => {
      const { runStatus } = await import('./ask.ts')
      ended(await runStatus(flags, env, say))
    })

  appCommands(program, { env, say, ended })

  deployCommands(program, { env, say, ended })

  triggerCommands(program, { env, say, ended })

  noticeCommands(program, { env, say, ended })

  accessCommands(program, { env, say, ended })

  folderCommands(program, { env, say, ended })

  zabbixCommands(program, { env, say, ended })

  dashboardCommands(program, { env, say, ended })

  program
    .command('demo')
    .summary('plays a fleet: three hosts, six apps')
    .description(
      'Plays three hosts and six apps that drift, restart and fail, through real agents and a real hub. Needs no Docker.'
    )
    .option('--port <number>', 'port to listen on; 0 takes any free one (DRIFTLOG_LISTEN_PORT, default 7400)')
    .option('--seed <number>', 'another seed tells another story', wholeNumber(0, 2 ** 31), 7)
    .option('--hours <number>', 'hours of history to begin with (0 … 72)', wholeNumber(0, 72), 3)
    .option('--data <folder>', 'a new folder, which stays; without it a temporary one is used and removed')
    .addHelpText('after', examples('driftlog demo', 'driftlog demo --port 0 --seed 42'))
    .action(async (flags: DemoFlags) => {
      const { playDemo } = await import('./demo.ts')
      const { seed, hours, data } = flags
      const settings = withSet(env, { DRIFTLOG_LISTEN_PORT: flags.port })
      ended(
        await playDemo({
          env: settings,
          say,
          seed,
          historyHours: hours,
          ...(data === undefined ? {} : { dir: data })
        })
      )
    })
  return program
}

export interface StatusFlags extends ClientFlags {
  watch?: boolean
}

export interface SearchFlags extends ClientFlags {
  app?: string
  env?: string
  from: string
  to: string
  limit: number
  oldest?: boolean
  reverse?: boolean
  all?: boolean
}

export interface TailFlags extends ClientFlags {
  env?: string
  lines: number
}

interface HubFlags {
  port?: string
  host?: string
  publicUrl?: string
  data?: string
  tlsCert?: string
  tlsKey?: string
  logLevel?: string
}

interface DemoFlags {
  port?: string
  seed: number
  hours: number
  data?: string
}

const MAIN_HELP = `
Examples:
  driftlog up                               hub and agent of this machine
  driftlog demo                             look at it without Docker
  driftlog search 'level>=error' -a orders  search
  driftlog tail orders                      follow

Exit codes:
  0  done (search: something was found)
  1  search found nothing, check found damage, migrate a difference, status needs a person, health got no answer,
     agent doctor found something to mend, dashboards publish kept what somebody has changed, a deploy that was
     followed did not succeed, app diff a difference, app endpoints none, deploy errors more of them, notice list one
     that was given up
  2  wrong option, setting or query
  3  no hub answers
  4  the hub demands a token, or another one
  5  anything else; the message says what
130  ended by Ctrl-C before the answer was complete, or by a second Ctrl-C
`
