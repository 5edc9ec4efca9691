import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { accountOf, lines, linesIn, PERFECT } from './files-scene.ts'
import { Scene, until } from './scene.ts'

test('files of the host belong to an app of the host, beside the containers, until nobody asks for them', async () => {
  await using scene = await Scene.open()
  const folder = join(scene.folder, 'var/log/nginx')
  mkdirSync(folder, { recursive: true })
  appendFileSync(join(folder, 'access.log'), lines(0, 10))
  const container = scene.engine.run({ name: 'app', image: 'x:1' })
  const asked = { DRIFTLOG_HOST_FILES: `app=nginx env=production ${folder}/*.log; app=cron /nowhere/*.log` }
  const agent = scene.agent(asked)
  await until(() => linesIn(scene.hub, 'host/nginx').length >= 10)
  appendFileSync(join(folder, 'error.log'), lines(10, 20))
  await until(() => linesIn(scene.hub, 'host/nginx').length >= 20)
  await until(() => (scene.hub.present?.length ?? 0) >= 3)
  expect(scene.hub.present?.sort()).toEqual([container, 'host/cron', 'host/nginx'].sort())
  expect(scene.hub.instances.get('host/nginx')).toMatchObject({
    ...{ app: 'nginx', environment: 'production', identity: 'host', logSource: 'host', state: 'running' }
  })
  await agent.end()
  appendFileSync(join(folder, 'error.log'), lines(20, 30))
  const again = scene.agent(asked)
  await until(() => linesIn(scene.hub, 'host/nginx').length >= 30)
  expect(accountOf(linesIn(scene.hub, 'host/nginx'), 30)).toMatchObject(PERFECT)
  await again.end()
  scene.hub.present = undefined
  scene.agent()
  await until(() => scene.hub.present !== undefined)
  expect(scene.hub.present).toEqual([container])
  expect(scene.hub.complaints).toEqual([])
})

test('the host’s files are found below its root where that is mounted elsewhere', async () => {
  await using scene = await Scene.open()
  const root = join(scene.folder, 'host')
  mkdirSync(join(root, 'var/log'), { recursive: true })
  appendFileSync(join(root, 'var/log/a.log'), lines(0, 5))
  scene.agent({ DRIFTLOG_HOST_ROOT: root, DRIFTLOG_HOST_FILES: 'app=system /var/log/*.log' })
  await until(() => linesIn(scene.hub, 'host/system', '/var/log/a.log').length >= 5)
})
