/** docs/configuration.md, made from the values by which hub and agent check their settings. */
import { AGENT_OPTIONS } from '../../agent/config.ts'
import type { AgentOption } from '../../agent/option.ts'
import { HubEnvironment } from '../../server/config.ts'

export function configurationPage(): string {
  return `# Configuration

Hub and agent are configured by environment variables; the flags of the command line (\`driftlog hub --help\`) set the same
variables and win over them. A wrong value stops the start with the name of the variable and what it should be. An empty
value counts as not set.

This page is made from the code: \`UPDATE_DOCS=1 npx vitest run --project unit test/docs\` writes it again.

## Hub

\`driftlog up\` and \`driftlog hub\`. \`up\` says only warnings of itself unless DRIFTLOG_LOG_LEVEL is set.

${tableOf(Object.entries(HubEnvironment.properties).map(([name, schema]) => hubRow(name, schema)))}
## Agent

\`driftlog up\` and \`driftlog agent\`. Under \`up\` the agent's state lies in the hub's data folder unless DRIFTLOG_STATE_DIR is set.

${tableOf([
  ...Object.values(AGENT_OPTIONS).map(agentRow),
  [
    '`DRIFTLOG_SECRET_…`',
    '',
    'Each is a secret that definitions may name, by what stands behind `DRIFTLOG_SECRET_`, as a variable of their containers. Counts with DRIFTLOG_ORDERS=deploy. Secret.'
  ]
])}
## Command line

\`driftlog search\`, \`tail\`, \`status\` and \`token\` ask a running hub.

${tableOf([
  ['`DRIFTLOG_HUB_URL`', '`http://127.0.0.1:7400`', 'Address of the hub; `--hub` wins over it.'],
  [
    '`DRIFTLOG_TOKEN`',
    '',
    'Token with the scope `read` (for `driftlog token`: `admin`), where the hub demands one; `--token-file` wins over it. Without it, the file `tokens/read` (`tokens/admin`) in DRIFTLOG_DATA_DIR is used for a hub on the same machine.'
  ],
  [
    '`DRIFTLOG_HUB_CA_FILE`',
    '',
    'PEM file with the authority that vouches for the hub’s certificate; `--ca` wins over it. Default: the authorities of the system.'
  ],
  [
    '`DRIFTLOG_HUB_FINGERPRINT`',
    '',
    'The hub’s certificate is exactly this one, as sha256:…; `--fingerprint` wins over it. For a hub on the same machine the file `tokens/fingerprint` in DRIFTLOG_DATA_DIR is used.'
  ],
  ['`NO_COLOR`, `FORCE_COLOR`', '', 'Switch colours off or on; otherwise only a terminal gets them.']
])}`
}

interface OptionSchema {
  description?: string
  default?: unknown
  minimum?: number
  maximum?: number
  anyOf?: { const?: unknown }[]
  type?: string
}

function hubRow(name: string, schema: OptionSchema): string[] {
  const choices = schema.anyOf?.map((choice) => `\`${choice.const}\``).join(', ')
  return [`\`${name}\``, standardOf(schema.default), sentence(schema.description, choices, schema)]
}

function agentRow(option: AgentOption): string[] {
  const choices = option.oneOf?.map((choice) => `\`${choice}\``).join(', ')
  const limits = option.kind === 'integer' ? option : {}
  const secret = option.secret ? ' Secret.' : ''
  return [
    `\`${option.name}\``,
    standardOf(option.default),
    sentence(option.description, choices, limits) + secret
  ]
}

function sentence(description = '', choices: string | undefined, { minimum, maximum }: OptionSchema): string {
  if (choices !== undefined) return `${description} One of ${choices}.`
  const number = (n: number) => n.toLocaleString('en').replaceAll(',', ' ')
  if (minimum !== undefined && maximum !== undefined)
    return `${description} From ${number(minimum)} to ${number(maximum)}.`
  return minimum === undefined ? description : `${description} At least ${number(minimum)}.`
}

function standardOf(value: unknown): string {
  return value === undefined ? '' : `\`${value}\``
}

function tableOf(rows: string[][]): string {
  const lines = rows.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
  return `| variable | default | meaning |\n|---|---|---|\n${lines.join('\n')}\n`
}
