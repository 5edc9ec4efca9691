import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Scene, until } from './scene.ts'

test('an agent joins once, and comes back as the same host at the same place', async () => {
  await using scene = await Scene.open({ joinToken: 'secret' })
  for (let run = 1; run <= 2; run++) {
    const agent = scene.agent(run === 1 ? { DRIFTLOG_JOIN_TOKEN: 'secret' } : {})
    await until(() => scene.hub.hellos.length === run)
    await agent.end()
  }
  const [first, second] = scene.hub.hellos
  expect(second?.place).toBe(first?.place)
  const path = join(scene.folder, 'state', 'agent.json')
  expect(Object.keys(JSON.parse(readFileSync(path, 'utf8')))).toEqual(['host', 'key'])
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a hub that wants a join token stops the start, with the way out', async () => {
  await using scene = await Scene.open({ joinToken: 'secret' })
  for (const [token, cause] of [
    ['', 'wants a join token'],
    ['wrong', 'does not accept this join token']
  ]) {
    await using agent = scene.agent({ DRIFTLOG_JOIN_TOKEN: token })
    const error = await agent.end().catch((reason: unknown) => reason)
    // The signal may have come before the answer; then it simply ended.
    if (error === undefined) continue
    expect(error).toMatchObject({ code: 'DRIFTLOG_JOIN_REFUSED' })
    expect(String(error)).toContain(cause)
  }
})

test('the join token may come as a file, which is waited for', async () => {
  await using scene = await Scene.open({ joinToken: 'secret' })
  const file = join(scene.folder, 'join')
  const agent = scene.agent({ DRIFTLOG_JOIN_TOKEN_FILE: file })
  // It reads its containers' logs meanwhile; nothing of that reaches a hub that does not know it.
  await agent.port
  expect(scene.hub.hellos).toHaveLength(0)
  writeFileSync(file, 'secret\n')
  await until(() => scene.hub.hellos.length === 1)
  await agent.end()
  const other = scene.agent({
    DRIFTLOG_JOIN_TOKEN_FILE: scene.folder,
    DRIFTLOG_STATE_DIR: join(scene.folder, 'b')
  })
  await expect(other.end()).rejects.toMatchObject({ code: 'DRIFTLOG_CONFIG' })
})

test('a second agent on the same folder is refused; after the first has ended it may start', async () => {
  await using scene = await Scene.open()
  const first = scene.agent()
  await until(() => scene.hub.hellos.length === 1)
  const second = scene.agent()
  await expect(second.end()).rejects.toMatchObject({ code: 'DRIFTLOG_STATE_LOCKED' })
  await first.end()
  scene.agent()
  await until(() => scene.hub.hellos.length === 2)
})

test('the lock of an agent that was killed is no hindrance', async () => {
  await using scene = await Scene.open()
  const child = scene.agentProcess()
  await until(() => scene.hub.hellos.length === 1)
  child.kill('SIGKILL')
  await until(() => child.signalCode !== null)
  scene.agent()
  await until(() => scene.hub.hellos.length === 2)
})

test('a damaged agent.json stops the start and says what to do', async () => {
  await using scene = await Scene.open()
  mkdirSync(join(scene.folder, 'state'))
  writeFileSync(join(scene.folder, 'state', 'agent.json'), '{"host":')
  const agent = scene.agent()
  await expect(agent.end()).rejects.toMatchObject({ code: 'DRIFTLOG_STATE_UNUSABLE' })
})

test('an identity that another live agent has: said aloud, and asked again later', async () => {
  await using scene = await Scene.open()
  scene.hub.refuse = 'DRIFTLOG_HOST_TAKEN'
  const agent = scene.agent()
  const health = async () => (await fetch(`http://127.0.0.1:${await agent.port}/healthz`)).json()
  await until(async () => ((await health()) as { hub: string }).hub.includes('DRIFTLOG_HOST_TAKEN'))
  expect(await health()).toMatchObject({ ok: false })
})

test('a taken port is said and does no harm', async () => {
  await using scene = await Scene.open()
  const first = scene.agent()
  const port = String(await first.port)
  scene.agent({ DRIFTLOG_AGENT_PORT: port, DRIFTLOG_STATE_DIR: join(scene.folder, 'other') })
  await until(() => scene.hub.hellos.length === 2)
})

test('an agent that ends delivers what was written last', async () => {
  await using scene = await Scene.open({ gatherMs: 500 })
  const id = scene.engine.run({ name: 'a', image: 'x:1' })
  const agent = scene.agent({ DRIFTLOG_POLL_MS: '1000' })
  scene.engine.write(id, 'stdout', 'first\n')
  await until(() => scene.hub.text(id).includes('first'))
  scene.engine.write(id, 'stdout', 'last\n')
  await agent.end()
  expect(scene.hub.text(id)).toContain('last')
})
