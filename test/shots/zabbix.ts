/**
 * `npm run shots:zabbix`, where test/services/zabbix is up: a registered host in the real Zabbix, as the link of Driftlog's
 * page opens it, as a picture into docs/shots/.
 */
import { fileURLToPath } from 'node:url'
import { technicalName } from '../../server/zabbix/registration.ts'
import { historyOf, openScene, prepare, until } from '../real/zabbix/scene.ts'
import { ADMIN, API_URL, openAsAdmin } from '../real/zabbix/server.ts'
import { openBrowser } from '../web/browser.ts'

const TARGET = fileURLToPath(new URL('../../docs/shots/zabbix-latest-data.png', import.meta.url))
/** What a foreign page says on its console is not ours to judge. */
const ANYTHING = /^/

await prepare()
await using api = await openAsAdmin()
await using scene = await openScene(['berlin-7'])
const [host] = scene.fleet.hosts()
if (!host) throw new Error('no host has joined')
await until(
  async () => (await historyOf(api, technicalName(host.host), 'driftlog.host.cpu')).length >= 10,
  120
)
const { url } = scene.link.standingOf(host) ?? {}
if (url === undefined) throw new Error('the host is not in Zabbix')
await using browser = await openBrowser()
const page = await browser.page(new URL('index.php', API_URL).href, {
  viewport: { width: 1440, height: 900 },
  theme: 'light',
  expected: ANYTHING
})
await page.fill('#name', ADMIN.name)
await page.fill('#password', ADMIN.password)
await page.click('#enter')
await page.waitForURL(/action=/)
await page.goto(url)
await page.getByText('Container shop-web-0: memory', { exact: true }).first().waitFor()
// This machine has no locale for Zabbix to translate into, which its page says above everything else.
await page.addStyleTag({ content: '.msg-bad, .msg-global { display: none }' })
await page.locator('.tabfilter-container .tabfilter-item-link').first().click()
await page.waitForTimeout(1500)
await page.screenshot({ path: TARGET })
process.stdout.write('docs/shots/zabbix-latest-data.png\n')
