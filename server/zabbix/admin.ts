/** The administrator of a Zabbix, who may be asked before that has come up. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type ApiSettings, ZabbixApi } from './api.ts'
import { ZabbixAnswerError, ZabbixAwayError, ZabbixRefusedError } from './errors.ts'
import { atLeast } from './version.ts'

/** Of "Admin" in every new Zabbix. */
export const FIRST_PASSWORD = 'zabbix'

export interface AdminAsked {
  settings: ApiSettings & { user: { name: string; password: string } }
  /** So long a Zabbix is waited for that does not answer yet. */
  waitMs: number
  /** Where the administrator still has the first password, it becomes the one given. */
  replaceFirst: boolean
}

const AGAIN_MS = 3000

/** As ZabbixApi.open(), once Zabbix answers. */
export async function openAsAdmin(
  { settings, waitMs, replaceFirst }: AdminAsked,
  tell: (text: string) => void
): Promise<ZabbixApi> {
  const untilMs = Date.now() + waitMs
  for (let told = false; ; ) {
    try {
      return replaceFirst ? await openReplacing(settings, tell) : await ZabbixApi.open(settings)
    } catch (error) {
      if (!isComingUp(error) || Date.now() >= untilMs) throw error
      if (!told) tell(`waiting for Zabbix: ${(error as Error).message}`)
      told = true
      await sleep(AGAIN_MS)
    }
  }
}

/** Before its database is filled a frontend sends pages of its own, or refuses to say its version. */
function isComingUp(error: unknown): boolean {
  if (error instanceof ZabbixRefusedError) return error.method === 'apiinfo.version'
  return error instanceof ZabbixAwayError || error instanceof ZabbixAnswerError
}

async function openReplacing(
  settings: AdminAsked['settings'],
  tell: (text: string) => void
): Promise<ZabbixApi> {
  const { name, password } = settings.user
  try {
    return await ZabbixApi.open(settings)
  } catch (error) {
    const isRefused = error instanceof ZabbixRefusedError && error.method === 'user.login'
    if (!isRefused || password === FIRST_PASSWORD) throw error
    const first = { ...settings, user: { name, password: FIRST_PASSWORD } }
    const api = await ZabbixApi.open(first).catch(() => {
      throw error
    })
    const [{ userid } = {}] = await api.call<{ userid?: string }[]>('user.get', {
      ...{ filter: { username: name }, output: ['userid'] }
    })
    const current = atLeast(api.version, 6, 4) ? { current_passwd: FIRST_PASSWORD } : {}
    await api.call('user.update', { userid, passwd: password, ...current })
    tell(`changed the first password of "${name}"`)
    // Its sessions have ended with it.
    return await ZabbixApi.open(settings)
  }
}
