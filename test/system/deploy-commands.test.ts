/** `driftlog app` and `driftlog deploy` against a real hub, whose hosts carry orders out in memory. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { command, type Ended, startCommand } from '../server/cli/command.ts'
import { Scene, startHub, type TestHub } from '../server/deploys/scene.ts'

const PATIENCE = { timeout: 120_000 }
const ORDERS = `
image: shop/orders
replicas: 2
environments:
  staging: {}
  production:
    rollout: { from: staging, checks: [unit-tests], breakpoint: first }
`
/** Instances with this in their environment never become healthy. */
const sick = new Set<string>()
let scene: Scene
let hub: TestHub
let folder: string

beforeAll(async () => {
  scene = new Scene(2)
  hub = await startHub(scene)
  scene.startAgents(hub, { isHealthy: ({ env }) => !sick.has(String(env['LOOK'])) })
  folder = await mkdtemp(join(tmpdir(), 'driftlog-cli-deploys-'))
})

afterAll(async () => {
  await scene[Symbol.asyncDispose]()
  await hub[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

test('a definition is put, shown, compared, rendered and removed', PATIENCE, async () => {
  const file = await written('shop.yaml', ORDERS)
  expect(await driftlog('app', 'put', file, '--dry-run')).toMatchObject({
    code: 0,
    stdout: '0\n',
    stderr: expect.stringMatching(/\+ image: "shop\/orders"[\s\S]*Nothing was kept/)
  })
  expect(await driftlog('app', 'put', file)).toMatchObject({ code: 0, stdout: '1\n' })
  expect(await driftlog('app', 'put', file)).toMatchObject({
    code: 0,
    stdout: '1\n',
    stderr: expect.stringMatching(/says the same/)
  })
  const second = await written(
    'x.json',
    JSON.stringify({ image: 'shop/orders', environments: { staging: {} } })
  )
  expect(await driftlog('app', 'put', second, '--app', 'shop')).toMatchObject({ code: 0, stdout: '2\n' })

  const [show, versions, diff, same, compose, list] = await Promise.all([
    driftlog('app', 'show', 'shop', '--at', '1', '--json'),
    driftlog('app', 'versions', 'shop', '--utc'),
    driftlog('app', 'diff', 'shop'),
    driftlog('app', 'diff', 'shop', '--from', '1', '--to', '1', '--json'),
    driftlog('app', 'compose', 'shop', '--environment', 'staging', '--at', '1'),
    driftlog('app', 'list', '--json')
  ])
  expect(JSON.parse(show.stdout)).toMatchObject({ app: 'shop', version: 1, definition: { replicas: 2 } })
  expect(versions.stdout).toMatch(/^APP .*\nshop +2 [\s\S]*\nshop +1 /)
  expect(diff).toMatchObject({ code: 1, stdout: expect.stringContaining('- replicas: 2\n') })
  expect(same.code).toBe(0)
  expect(JSON.parse(same.stdout)).toMatchObject({ diff: [] })
  expect(compose).toMatchObject({ code: 0, stdout: expect.stringMatching(/^(#.*\n)*name: |services:/m) })
  expect(
    list.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).app)
  ).toContain('shop')
  expect(await driftlog('app', 'delete', 'shop')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/shop is removed/)
  })
  expect(await driftlog('app', 'show', 'shop')).toMatchObject({
    code: 5,
    stderr: expect.stringMatching(/DRIFTLOG_DEFINITION_NOT_FOUND/)
  })

  const wrong = await written('wrong.yaml', 'image: shop/orders\nreplicas: many\nenvironments: {}\n')
  expect(await driftlog('app', 'put', wrong)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/replicas[\s\S]*DRIFTLOG_DEFINITION/)
  })
  expect(await driftlog('app', 'put', '/nowhere.yaml')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/can not be read/)
  })
})

test('from a plan over staging and its check to production, followed', PATIENCE, async () => {
  await driftlog('app', 'put', await written('orders.yaml', ORDERS))
  const plan = await driftlog('deploy', 'orders', '-e', 'staging', '--image', '1', '--dry-run')
  expect(plan).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^SLOT .*\n1 +web-\d +add +old[\s\S]*\n2 +web-\d/)
  })
  expect(await driftlog('deploy', 'list', '--app', 'orders')).toMatchObject({ code: 0, stdout: '' })

  const begun = await driftlog(
    'deploy',
    'orders',
    '--environment',
    'staging',
    '--image',
    '1',
    '--reason',
    'try'
  )
  expect(begun).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^[0-9a-z]+\n$/),
    stderr: expect.stringMatching(/orders in staging is running/)
  })
  const id = begun.stdout.trim()
  const followed = await driftlog('deploy', 'follow', id)
  expect(followed).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/#1 web-\d pull done[\s\S]*\nsucceeded\n$/)
  })
  const shown = await driftlog('deploy', 'show', id, '--utc')
  expect(shown.stdout).toMatch(/reason +try[\s\S]*state +succeeded\n\nSLOT[\s\S]* end done /)

  const early = await driftlog('deploy', 'promote', id, '-e', 'production')
  expect(early).toMatchObject({ code: 5, stderr: expect.stringMatching(/unit-tests/) })
  const checked = await driftlog(
    'deploy',
    'check',
    id,
    '--name',
    'unit-tests',
    '--passed',
    '--text',
    '12 of 12'
  )
  expect(checked).toMatchObject({ code: 0, stdout: 'passed  unit-tests  12 of 12\n' })
  await using production = startCommand([
    'deploy',
    'promote',
    id,
    '-e',
    'production',
    '-f',
    '--json',
    '--hub',
    hub.url
  ])
  const [, paused = ''] = await production.said(/driftlog deploy resume ([0-9a-z]+)/)
  expect(await driftlog('deploy', 'resume', paused)).toMatchObject({ code: 0, stdout: `${paused}\n` })
  const { code, stdout } = await production.ended
  expect(code).toBe(0)
  expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
    deploy: { id: paused, state: 'succeeded', promotedFrom: id }
  })
  expect(await driftlog('app', 'endpoints', 'orders', '-e', 'production')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^(192\.0\.2\.\d:\d+\n){2}$/)
  })
  expect(await driftlog('app', 'endpoints', 'orders', '-e', 'nowhere')).toMatchObject({ code: 1 })
  const listed = await driftlog('deploy', 'list', '-a', 'orders', '--json')
  expect(
    listed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id)
  ).toEqual([paused, id])

  const back = await driftlog('deploy', 'rollback', paused, '--follow')
  // Nothing ran there before: that is told, not guessed.
  expect(back).toMatchObject({ code: 5, stderr: expect.stringMatching(/DRIFTLOG_/) })
})

test('what does not become healthy ends with 1, retry with 0', PATIENCE, async () => {
  sick.add('pale')
  const text = 'image: shop/orders\nenv: { LOOK: pale }\nenvironments: { staging: {} }\n'
  await driftlog('app', 'put', await written('pale.yaml', text))
  const failed = await driftlog('deploy', 'pale', '-e', 'staging', '--image', '1', '--follow', '--json')
  expect(failed.code).toBe(1)
  const { deploy } = JSON.parse(failed.stdout.trim().split('\n').at(-1) ?? '')
  expect(['rolled-back', 'cancelled']).toContain(deploy.state)
  sick.clear()
  expect(await driftlog('deploy', 'retry', deploy.id, '-f')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/\nsucceeded\n$/)
  })
  const counted = await driftlog('deploy', 'errors', deploy.id, '--json')
  expect(JSON.parse(counted.stdout)).toMatchObject({
    q: 'level>=error',
    before: { errors: 0 },
    complete: true
  })
})

function driftlog(...args: string[]): Promise<Ended> {
  return command([...args, '--hub', hub.url])
}

async function written(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}
