/** The commands, their options and their help. Settings go into the environment, where the schemas check them. */
import { Command, Option } from 'commander'
import { ownVersion } from '../version.ts'
import { accessCommands } from './access-commands.ts'
import type { ExitCode } from './exit.ts'
import { type ClientFlags, clientOf, examples, wholeNumber } from './options.ts'
import type { Say } from './say.ts'

export interface ProgramParts {
  env: NodeJS.ProcessEnv
  say: Say
  /** What stood behind --join, where it was hidden before anybody could read it. */
  joinToken?: string
  /** Called once, with the way a command ended. */
  ended(exitCode: ExitCode): void
}

/** The longest answer that is held in memory to be turned around; `search --all` has no such limit. */
const MAX_LIMIT = 100_000

export function buildProgram({ env, say, joinToken, ended }: ProgramParts): Command {
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

  const agent = program
    .command('agent')
    .summary('joins this host to a hub')
    .description(
      'Finds the containers of this host and sends their logs to a hub. It listens nowhere but on loopback.'
    )
    .option('--hub <url>', 'address of the hub (DRIFTLOG_HUB_URL)')
    .option(
      '--join <token>',
      'join token; it stays in the history of the shell, so prefer DRIFTLOG_JOIN_TOKEN or --join-file'
    )
    .addOption(new Option('--join-file <file>', 'file with the join token').conflicts('join'))
    .option('--ca <file>', "authority that vouches for the hub's certificate (DRIFTLOG_HUB_CA_FILE)")
    .addOption(
      new Option(
        '--fingerprint <sha256>',
        "the hub's certificate, as the hub prints it (DRIFTLOG_HUB_FINGERPRINT)"
      ).conflicts('ca')
    )
    .option('--socket <path>', "the Docker Engine's socket (DRIFTLOG_DOCKER_SOCKET)")
    .option('--state <folder>', "folder of the agent's id and key (DRIFTLOG_STATE_DIR)")
    .option('--name <name>', 'name of this host (DRIFTLOG_HOST_NAME)')
    .option('--log-level <level>', 'fatal, error, warn, info, debug, trace or silent (DRIFTLOG_LOG_LEVEL)')
    .addHelpText(
      'after',
      examples(
        'DRIFTLOG_JOIN_TOKEN=… driftlog agent --hub http://logs.example.org:7400',
        'driftlog agent --hub http://10.0.0.5:7400 --join-file /run/secrets/driftlog-join',
        'driftlog agent --hub https://10.0.0.5:7400 --fingerprint sha256:… --join-file join'
      )
    )
    .action(async (flags: AgentSettings) => {
      const { runAgentCommand } = await import('./agent.ts')
      const join = flags.join === undefined ? {} : { join: joinToken ?? flags.join }
      ended(await runAgentCommand({ ...flags, ...join }, agentEnv(env, flags), say))
    })

  agent
    .command('doctor')
    .summary('checks what the agent needs on this host')
    .description(
      "Looks at the engine, rights, paths, the containers' log settings, the clock, the hub and more, as this user and in this container, and says what to do. It changes nothing. Ends with 1 when something keeps the agent from its work."
    )
    .option('--json', 'the findings as JSON')
    .addHelpText(
      'after',
      examples(
        'driftlog agent doctor --hub http://logs.example.org:7400',
        'docker exec driftlog-agent-1 driftlog agent doctor',
        'driftlog agent doctor --json | jq \'.findings[] | select(.state != "ok")\''
      )
    )
    .action(async (_: unknown, command: Command) => {
      const { doctor } = await import('./doctor.ts')
      const flags = command.optsWithGlobals<AgentSettings & { json?: boolean }>()
      const join = flags.join === undefined ? {} : { DRIFTLOG_JOIN_TOKEN: joinToken ?? flags.join }
      const file = flags.joinFile === undefined ? {} : { DRIFTLOG_JOIN_TOKEN_FILE: flags.joinFile }
      ended(await doctor(flags.json ?? false, { ...agentEnv(env, flags), ...join, ...file }, say))
    })

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
    .option('--utc', "times in UTC instead of this machine's zone")
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
    .option('--utc', "times in UTC instead of this machine's zone")
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
    .option('--utc', "times in UTC instead of this machine's zone")
    .addHelpText(
      'after',
      examples('driftlog status', 'driftlog status --json | jq .status.store', 'driftlog status --watch')
    )
    .action(async (flags: StatusFlags) => {
      const { runStatus } = await import('./ask.ts')
      ended(await runStatus(flags, env, say))
    })

  accessCommands(program, { env, say, ended })

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

interface AgentSettings {
  hub?: string
  ca?: string
  fingerprint?: string
  join?: string
  joinFile?: string
  socket?: string
  state?: string
  name?: string
  logLevel?: string
}

interface DemoFlags {
  port?: string
  seed: number
  hours: number
  data?: string
}

function agentEnv(env: NodeJS.ProcessEnv, flags: AgentSettings): NodeJS.ProcessEnv {
  return withSet(env, {
    DRIFTLOG_HUB_URL: flags.hub,
    // A flag wins over the variable of the other one, too.
    ...((flags.ca ?? flags.fingerprint)
      ? { DRIFTLOG_HUB_CA_FILE: flags.ca ?? '', DRIFTLOG_HUB_FINGERPRINT: flags.fingerprint ?? '' }
      : {}),
    DRIFTLOG_DOCKER_SOCKET: flags.socket,
    DRIFTLOG_STATE_DIR: flags.state,
    DRIFTLOG_HOST_NAME: flags.name,
    DRIFTLOG_LOG_LEVEL: flags.logLevel
  })
}

/** A flag wins over its variable. */
function withSet(env: NodeJS.ProcessEnv, flags: Record<string, string | undefined>): NodeJS.ProcessEnv {
  return { ...env, ...Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)) }
}

const MAIN_HELP = `
Examples:
  driftlog up                               hub and agent of this machine
  driftlog demo                             look at it without Docker
  driftlog search 'level>=error' -a orders  search
  driftlog tail orders                      follow

Exit codes:
  0  done (search: something was found)
  1  search found nothing, check found damage, status needs a person, health got no answer,
     agent doctor found something to mend
  2  wrong option, setting or query
  3  no hub answers
  4  the hub demands a token, or another one
  5  anything else; the message says what
130  ended by Ctrl-C before the answer was complete, or by a second Ctrl-C
`
