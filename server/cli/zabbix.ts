import { readFile } from 'node:fs/promises'
import { readConfig } from '../config.ts'
import { writeSecret } from '../secret-file.ts'
import type { ApiSettings } from '../zabbix/api.ts'
import type { Bootstrapped } from '../zabbix/bootstrap.ts'
import { sayChecks } from './checks.ts'
import { CliError, EXIT, type ExitCode } from './exit.ts'
import type { Say } from './say.ts'

export interface BootstrapFlags {
  user: string
  /** False: nobody reads for Grafana. */
  grafana: boolean
  newToken?: boolean
  tokenFile?: string
  grafanaTokenFile?: string
  wait: number
  replaceFirstPassword?: boolean
}

const PASSWORD = 'DRIFTLOG_ZABBIX_ADMIN_PASSWORD'
const TIMEOUT_MS = 60_000

/** Makes what hub and Grafana need in Zabbix. Tokens go to standard output or into files, everything else is a remark. */
export async function runBootstrap(
  flags: BootstrapFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const { user: name, grafana, newToken = false, tokenFile, grafanaTokenFile } = flags
  const { apiUrlOf, authorityOf } = await import('../zabbix/settings.ts')
  const { FIRST_PASSWORD, openAsAdmin } = await import('../zabbix/admin.ts')
  const { bootstrap, bootstrapReader } = await import('../zabbix/bootstrap.ts')
  const {
    DRIFTLOG_ZABBIX_URL: address,
    DRIFTLOG_ZABBIX_GROUP: group = 'Driftlog',
    [PASSWORD]: password
  } = env
  if (!address) throw new CliError(EXIT.usage, 'Say where Zabbix is: --url, or DRIFTLOG_ZABBIX_URL.')
  if (!password) throw new CliError(EXIT.usage, `Set ${PASSWORD} to the password of "${name}".`)
  const settings: ApiSettings = {
    ...{ url: apiUrlOf(address), timeoutMs: TIMEOUT_MS },
    ...authorityOf(env['DRIFTLOG_ZABBIX_CA_FILE'] || undefined)
  }
  const asked = {
    settings: { ...settings, user: { name, password } },
    ...{ waitMs: flags.wait * 1000, replaceFirst: flags.replaceFirstPassword ?? false }
  }
  const admin = await openAsAdmin(asked, say.remark).catch(async (error) => {
    const files = [tokenFile, ...(grafana ? [grafanaTokenFile] : [])]
    if (!(await areTokensIn(files, settings))) throw error
    say.remark(`nothing was looked at, though the tokens work: ${(error as Error).message}`)
  })
  if (!admin) return EXIT.ok
  await using api = admin
  const make = async (
    what: typeof bootstrap,
    { file, variable }: { file: string | undefined; variable: string }
  ) => {
    const fresh = newToken || (file !== undefined && !(await isTokenIn(file, settings)))
    const made = await what(api, { group, newToken: fresh })
    await handOver(made, file, variable, say)
    return made.done
  }
  const done = await make(bootstrap, { file: tokenFile, variable: 'DRIFTLOG_ZABBIX_TOKEN' })
  if (grafana) {
    const reader = { file: grafanaTokenFile, variable: 'DRIFTLOG_GRAFANA_ZABBIX_TOKEN' }
    done.push(...(await make(bootstrapReader, reader)))
  }
  if (done.length === 0) say.remark('everything is there already')
  else
    say.remark(
      `Start the hub with DRIFTLOG_ZABBIX_URL=${address} and its token, then look at: ${say.me} zabbix status`
    )
  if (password === FIRST_PASSWORD)
    say.remark(
      `WARNING: "${name}" has the password that every new Zabbix has. Set ${PASSWORD} to another one and run this with --replace-first-password.`
    )
  return EXIT.ok
}

async function handOver(
  { done, token }: Bootstrapped,
  file: string | undefined,
  variable: string,
  say: Say
): Promise<void> {
  for (const what of done) say.remark(what)
  if (token === undefined) return
  if (file === undefined) say.line(`${variable}=${token}`)
  else {
    await writeSecret(file, token)
    say.remark(`wrote it to ${file}`)
  }
}

/** Whoever starts this with each start of their services may have changed the administrator's password since. */
async function areTokensIn(files: (string | undefined)[], settings: ApiSettings): Promise<boolean> {
  const there = files.map((file) => file !== undefined && isTokenIn(file, settings))
  return (await Promise.all(there).catch(() => [false])).every(Boolean)
}

/** Zabbix knows the token that stands there. Rejects where Zabbix can't be asked. */
async function isTokenIn(file: string, settings: ApiSettings): Promise<boolean> {
  const token = (await readFile(file, 'utf8').catch(() => '')).trim()
  if (token === '') return false
  const { ZabbixApi } = await import('../zabbix/api.ts')
  const { ZabbixRefusedError } = await import('../zabbix/errors.ts')
  await using api = await ZabbixApi.open({ ...settings, token })
  try {
    await api.call('host.get', { countOutput: true })
    return true
  } catch (error) {
    if (error instanceof ZabbixRefusedError) return false
    throw error
  }
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
