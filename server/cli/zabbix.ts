import { readConfig } from '../config.ts'
import { sayChecks } from './checks.ts'
import { CliError, EXIT, type ExitCode } from './exit.ts'
import type { Say } from './say.ts'

export interface BootstrapFlags {
  user: string
  newToken?: boolean
}

const PASSWORD = 'DRIFTLOG_ZABBIX_ADMIN_PASSWORD'
const TIMEOUT_MS = 60_000

/** Makes what the hub needs in Zabbix. The token goes to standard output, everything else is a remark. */
export async function runBootstrap(
  { user: name, newToken = false }: BootstrapFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const { apiUrlOf } = await import('../zabbix/settings.ts')
  const { ZabbixApi } = await import('../zabbix/api.ts')
  const { bootstrap } = await import('../zabbix/bootstrap.ts')
  const {
    DRIFTLOG_ZABBIX_URL: address,
    DRIFTLOG_ZABBIX_GROUP: group = 'Driftlog',
    [PASSWORD]: password
  } = env
  if (!address) throw new CliError(EXIT.usage, 'Say where Zabbix is: --url, or DRIFTLOG_ZABBIX_URL.')
  if (!password) throw new CliError(EXIT.usage, `Set ${PASSWORD} to the password of "${name}".`)
  const settings = { url: apiUrlOf(address), user: { name, password }, timeoutMs: TIMEOUT_MS }
  await using api = await ZabbixApi.open(settings)
  const { done, token } = await bootstrap(api, { group, newToken })
  for (const what of done) say.remark(what)
  if (done.length === 0) say.remark('everything is there already')
  if (token === undefined) return EXIT.ok
  say.line(token)
  say.remark(
    `Start the hub with DRIFTLOG_ZABBIX_URL=${address} and DRIFTLOG_ZABBIX_TOKEN set to the token above, then look at: ${say.me} zabbix status`
  )
  return EXIT.ok
}

export async function runZabbixStatus(json: boolean, env: NodeJS.ProcessEnv, say: Say): Promise<ExitCode> {
  const { zabbix } = readConfig(env)
  if (!zabbix)
    throw new CliError(
      EXIT.usage,
      `No Zabbix is named. Prepare one with: ${say.me} zabbix bootstrap --url https://zabbix.example.org`
    )
  const { checkZabbix } = await import('../zabbix/checks.ts')
  return sayChecks(await checkZabbix(zabbix), json, say)
}
