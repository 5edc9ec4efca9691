/** The page of a hub that serves https. */
import { expect, test } from 'vitest'
import { certificateFolder } from '../../fakes/certificates.ts'
import { openBrowser, visibleRows } from '../../web/browser.ts'
import { openHub } from '../../web/hub.ts'

test('by https the cookie is for this very host, and never goes in clear', async () => {
  await using certificates = await certificateFolder()
  const { certFile, keyFile } = await certificates.make('hub')
  const tls = {
    DRIFTLOG_TLS_CERT_FILE: certFile,
    DRIFTLOG_TLS_KEY_FILE: keyFile,
    DRIFTLOG_LISTEN_HOST: '0.0.0.0'
  }
  await using secure = await openHub({ env: tls })
  await using browser = await openBrowser()
  const line = await secure.writer('orders', 'ams-1', 'orders-1')
  const page = await browser.page(`${secure.url}/prod/orders/logs?live=1`, {
    expected: /status of 401/,
    ignoreHTTPSErrors: true
  })
  await page.locator('dialog.login [name="token"]').fill(secure.token())
  await page.keyboard.press('Enter')
  await page.locator('.live-state.on').waitFor()
  await line.write(['by https'])
  await expect.poll(() => visibleRows(page)).toEqual(['by https'])
  expect(await page.context().cookies()).toMatchObject([
    { name: expect.stringMatching(/^__Host-driftlog-/), secure: true, httpOnly: true, sameSite: 'Strict' }
  ])
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.locator('dialog.login').waitFor()
  expect(await page.context().cookies()).toEqual([])
})
