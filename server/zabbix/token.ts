/** The token of the hub's user, which may stand in a file that `driftlog zabbix bootstrap` writes, also later than the hub starts. */
import { readFile } from 'node:fs/promises'
import { ConfigError } from '../errors.ts'
import { ZabbixApi } from './api.ts'
import type { ZabbixSettings } from './settings.ts'

type WithToken = Pick<ZabbixSettings, 'api' | 'tokenFile'>

/** Read anew each time: the file may have another token by now. Undefined where there is none yet. */
export async function tokenNow({ api, tokenFile }: WithToken): Promise<string | undefined> {
  if (tokenFile === undefined) return api.token
  try {
    return (await readFile(tokenFile, 'utf8')).trim() || undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new ConfigError(
      `DRIFTLOG_ZABBIX_TOKEN_FILE="${tokenFile}" can't be read: ${(error as Error).message}. Correct the variable, or the file's rights.`
    )
  }
}

/** As ZabbixApi.open(). Throws a ConfigError as well, where the token's file is not there. */
export async function openApi(settings: WithToken): Promise<ZabbixApi> {
  const token = await tokenNow(settings)
  if (token === undefined)
    throw new ConfigError(
      `DRIFTLOG_ZABBIX_TOKEN_FILE="${settings.tokenFile}" is not there. Run: driftlog zabbix bootstrap --token-file ${settings.tokenFile}`
    )
  return ZabbixApi.open({ ...settings.api, token })
}
