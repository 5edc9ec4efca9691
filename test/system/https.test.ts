/** Hub and agents by https, while the certificate is renewed under them; every line is counted. */
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startPretendedEngine } from '../../server/demo/engine.ts'
import { certificateFolder, type MadePair } from '../fakes/certificates.ts'
import { freePort } from '../ports.ts'
import { type Program, startAgent, startProgram } from './programs.ts'

/** Few enough for what a program said to be kept whole. */
const LINES = 240
const PATIENCE = { timeout: 180_000 }

test(
  'an agent that pins both certificates goes on over the renewal, and every line is there once',
  PATIENCE,
  async () => {
    await using scene = await openScene()
    await using hub = startProgram(['hub'], { ...scene.hubEnv, DRIFTLOG_LISTEN_HOST: '0.0.0.0' })
    await hubReady(hub)
    await using agent = startAgent({
      ...{ hubUrl: scene.url, socket: scene.socketPath, stateDir: join(scene.path, 'agent'), name: 'host-1' },
      env: {
        DRIFTLOG_HUB_FINGERPRINT: `${scene.one.fingerprint},${scene.two.fingerprint}`,
        DRIFTLOG_JOIN_TOKEN_FILE: join(scene.path, 'data', 'tokens', 'join')
      }
    })
    await scene.write(0, LINES / 3)
    await scene.arrived(LINES / 3)
    await scene.renew()
    process.kill(hub.pid, 'SIGHUP')
    await said(hub, /a new certificate is served/)
    await scene.write(LINES / 3, (2 * LINES) / 3)
    // Connections of before go on; only a new one meets the new certificate.
    await agent.stop()
    await using again = startAgent({
      ...{ hubUrl: scene.url, socket: scene.socketPath, stateDir: join(scene.path, 'agent'), name: 'host-1' },
      env: { DRIFTLOG_HUB_FINGERPRINT: scene.two.fingerprint }
    })
    await scene.write((2 * LINES) / 3, LINES)
    await scene.arrived(LINES)
    expect(await scene.texts()).toEqual(scene.expected(LINES))
    expect(again.output()).not.toContain('another certificate')
  }
)

test('up: its own agent goes on over the renewal, and every line is there once', PATIENCE, async () => {
  await using scene = await openScene()
  await using up = startProgram(['up', '--socket', scene.socketPath], {
    ...scene.hubEnv,
    DRIFTLOG_AGENT_PORT: '0'
  })
  await said(up, /Driftlog is up/)
  expect(up.output()).toContain(`page       ${scene.url}`)
  await scene.write(0, LINES / 2)
  await scene.arrived(LINES / 2)
  await scene.renew()
  process.kill(up.pid, 'SIGHUP')
  await said(up, /the agent ended/)
  await scene.write(LINES / 2, LINES)
  await scene.arrived(LINES)
  expect(await scene.texts()).toEqual(scene.expected(LINES))
})

async function openScene() {
  const path = await mkdtemp(join(tmpdir(), 'driftlog-https-'))
  const certificates = await certificateFolder()
  const [one, two] = [await certificates.make('one'), await certificates.make('two')]
  const [certFile, keyFile] = [join(path, 'cert.pem'), join(path, 'key.pem')]
  const serve = async (pair: MadePair) => {
    await copyFile(pair.certFile, certFile)
    await copyFile(pair.keyFile, keyFile)
  }
  await serve(one)
  const port = await freePort()
  const socketPath = join(path, 'docker.sock')
  const engine = await startPretendedEngine({
    socketPath,
    dir: join(path, 'docker'),
    id: 'E',
    name: 'host-1'
  })
  const container = engine.run({ name: 'orders-1', image: 'orders:1', labels: { 'driftlog.app': 'orders' } })
  const data = join(path, 'data')
  const url = `https://127.0.0.1:${port}`
  const expected = (count: number) => Array.from({ length: count }, (_, n) => `line ${n}`)
  const texts = async () => {
    const search = ['search', '--all', '--json', '-a', 'orders', '--from', 'now-1d', '--hub', url]
    await using reader = startProgram(search, { DRIFTLOG_DATA_DIR: data })
    while (!reader.exited()) await sleep(20)
    const lines = reader
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
    return lines.map((line) => String(JSON.parse(line).text))
  }
  return {
    ...{ path, url, socketPath, one, two, expected, texts },
    hubEnv: {
      DRIFTLOG_LISTEN_PORT: String(port),
      DRIFTLOG_DATA_DIR: data,
      DRIFTLOG_TLS_CERT_FILE: certFile,
      DRIFTLOG_TLS_KEY_FILE: keyFile
    },
    renew: () => serve(two),
    async write(from: number, to: number) {
      for (let n = from; n < to; n++) {
        engine.write(container, 'stdout', `line ${n}\n`)
        if (n % 20 === 0) await sleep(10)
      }
    },
    async arrived(count: number) {
      while ((await texts()).length < count) await sleep(200)
    },
    async [Symbol.asyncDispose]() {
      await engine.close()
      await certificates[Symbol.asyncDispose]()
      await rm(path, { recursive: true, force: true })
    }
  }
}

function hubReady(hub: Program): Promise<void> {
  return said(hub, /Another host joins by/)
}

async function said(program: Program, words: RegExp): Promise<void> {
  while (!words.test(program.output())) {
    if (program.exited()) throw new Error(`it ended before it said ${words}:\n${program.output()}`)
    await sleep(50)
  }
}
