/** `driftlog agent` and `driftlog agent doctor`. */
import { type Command, Option } from 'commander'
import { type CommandParts, examples, trustOf, withSet } from './options.ts'

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

export function agentCommands(program: Command, { env, say, joinToken, ended }: CommandParts): void {
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
  trustOf(agent)
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
