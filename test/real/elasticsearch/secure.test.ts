/** A cluster that demands a password and speaks https by an authority of its own. */
import { spawnSync } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientOf } from '../../../collector/store/elasticsearch/cluster.ts'
import { ElasticsearchLogStore } from '../../../collector/store/elasticsearch/engine.ts'
import { textsOf } from '../../collector/store/contract.ts'
import { batch, DAY, origin } from '../../collector/store/corpus.ts'

const SERVICE = fileURLToPath(new URL('../../services/elasticsearch', import.meta.url))
const PORT = String(Number(process.env['ES_PORT'] ?? '9200') + 7)
const PASSWORD = 'a pass"word ü'
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'driftlog-secure-'))
  // The server runs as a user of its own.
  await chmod(folder, 0o755)
  service('up')
}, 300_000)
afterAll(async () => {
  service('down')
  await rm(folder, { recursive: true, force: true })
})

function service(act: string): void {
  const env = {
    ...process.env,
    ES_DIR: join(folder, 'es'),
    ES_PORT: PORT,
    ES_SECURITY: 'true',
    ES_PASSWORD: PASSWORD
  }
  const { status, stderr } = spawnSync(SERVICE, [act], { encoding: 'utf8', timeout: 280_000, env })
  if (status !== 0) throw new Error(`test/services/elasticsearch ${act}: ${stderr}`)
}

const open = (password: string, more: { caFile?: string } = {}) =>
  ElasticsearchLogStore.open({
    client: clientOf({ urls: [`https://127.0.0.1:${PORT}`], user: { name: 'elastic', password }, ...more }),
    ...{
      log: { info() {}, warn() {}, error() {} },
      layout: { shards: 1, replicas: 0 },
      refresh: true,
      patienceMs: 2000
    }
  })
const trusted = () => ({ caFile: join(folder, 'es/home/config/certs/http_ca.crt') })

test('with the authority and the password everything works', async () => {
  await using store = await open(PASSWORD, trusted())
  await store.append([batch(origin('orders'), [{ text: 'over https', time: DAY }])])
  expect(await textsOf(store)).toEqual(['over https'])
})

test('a wrong password and an unknown authority are told, without the password', async () => {
  const wrong = await open('hunter2', trusted()).catch((error: Error) => error)
  expect(String(wrong)).toMatch(/401|security_exception|authenticate/)
  expect(String(wrong)).not.toContain('hunter2')
  const unknown = await open(PASSWORD).catch((error: Error) => error)
  expect(String(unknown)).toMatch(/certificate|signed/)
  expect(JSON.stringify(unknown)).not.toContain('pass')
})
