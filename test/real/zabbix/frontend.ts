/** Zabbix's pages, as somebody sees them who has logged in. */
import { ADMIN, API_URL } from './server.ts'

/** Resolves to what reads pages by their address. */
export async function logIn(): Promise<(url: string) => Promise<string>> {
  const form = new URLSearchParams({ name: ADMIN.name, password: ADMIN.password, enter: 'Sign in' })
  const entered = await fetch(new URL('index.php', API_URL), {
    ...{ method: 'POST', body: form, redirect: 'manual' }
  })
  const cookie = entered.headers
    .getSetCookie()
    .map((one) => one.split(';', 1)[0])
    .join('; ')
  return async (url) => (await fetch(url, { headers: { cookie } })).text()
}
