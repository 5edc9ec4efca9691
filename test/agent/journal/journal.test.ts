/** Against the real journalctl and files that systemd-journal-remote writes; left out where they are not installed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { killed, Scene, until } from '../scene.ts'

const WRITER = '/usr/lib/systemd/systemd-journal-remote'
const there = existsSync(WRITER) && existsSync('/usr/bin/journalctl')
const MACHINE = 'b08dfa6083e7567a1921a715000001fb'

/** Writes entries into a journal file as they come. */
class JournalWriter {
  readonly path: string
  readonly #child: ChildProcess
  #entries = 0

  constructor(dir: string, name = 'remote.journal') {
    mkdirSync(dir, { recursive: true })
    this.path = join(dir, name)
    this.#child = spawn(WRITER, ['--output', this.path, '-'], { stdio: ['pipe', 'ignore', 'ignore'] })
  }

  /** Messages of one unit, each a text or bytes. */
  write(unit: string, messages: readonly (string | Buffer)[], more: Record<string, string> = {}): void {
    for (const message of messages) {
      const micros = 1_795_428_000_000_000 + this.#entries++
      const fields = {
        ...{ __REALTIME_TIMESTAMP: micros, __MONOTONIC_TIMESTAMP: 1_000_000 + this.#entries },
        ...{ _BOOT_ID: MACHINE, _MACHINE_ID: MACHINE, _SYSTEMD_UNIT: unit, PRIORITY: '6', ...more }
      }
      const text = Object.entries(fields).map(([name, value]) => `${name}=${value}\n`)
      const length = Buffer.alloc(8)
      length.writeUInt32LE(Buffer.byteLength(message))
      const field = Buffer.concat([
        Buffer.from('MESSAGE\n'),
        length,
        Buffer.from(message),
        Buffer.from('\n\n')
      ])
      this.#child.stdin?.write(Buffer.concat([Buffer.from(text.join('')), field]))
    }
  }

  async end(): Promise<void> {
    const gone = once(this.#child, 'exit')
    this.#child.stdin?.end()
    await gone
  }
}

interface Line {
  log: string
  attrs?: { PRIORITY?: string }
}

const logsOf = (scene: Scene, container: string) => {
  const lines = scene.hub.text(container).split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Line)
}
const textsOf = (scene: Scene, container: string) => logsOf(scene, container).map(({ log }) => log)
const numbers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `${from + index} text`)
const ended = (texts: readonly string[]) => texts.map((text) => `${text}\n`)

test.skipIf(!there)('units become instances with their lines, long, of several lines, of bytes', async () => {
  await using scene = await Scene.open()
  const dir = join(scene.folder, 'journal')
  const writer = new JournalWriter(dir)
  const messages = [
    'one',
    'Traceback\n  at line 2',
    Buffer.from([0x61, 0xff, 0x00, 0x62]),
    'x'.repeat(40_000)
  ]
  writer.write('orders@1.service', messages, { PRIORITY: '3' })
  writer.write('other.service', ['not asked for'])
  writer.write('docker.service', ['of a container'], { CONTAINER_ID_FULL: '4f2d' })
  await writer.end()
  scene.agent({ DRIFTLOG_JOURNAL_UNITS: 'orders@*, docker', DRIFTLOG_JOURNAL_DIR: dir })
  const container = 'journal/orders@1.service'
  await until(() => textsOf(scene, container).length === 6)
  expect(textsOf(scene, container)).toEqual([
    'one\n',
    'Traceback\n  at line 2\n',
    'a\ufffd\u0000b\n',
    'x'.repeat(16_384),
    'x'.repeat(16_384),
    `${'x'.repeat(40_000 - 2 * 16_384)}\n`
  ])
  expect(logsOf(scene, container)[0]?.attrs).toEqual({ PRIORITY: '3' })
  expect(scene.hub.instances.get(container)).toMatchObject({
    app: 'orders',
    replica: '1',
    logSource: 'journal'
  })
  expect([...scene.hub.instances.keys()]).toEqual([container])
  await until(() => scene.hub.present?.includes(container) === true)
})

test.skipIf(!there)(
  'agents that are killed while it is written: every entry of every unit once',
  async () => {
    await using scene = await Scene.open()
    const dir = join(scene.folder, 'journal')
    const writer = new JournalWriter(dir)
    const env = { DRIFTLOG_JOURNAL_UNITS: '*', DRIFTLOG_JOURNAL_DIR: dir }
    let number = 0
    for (let round = 0; round < 4; round++) {
      const agent = scene.agentProcess(env)
      for (let step = 0; step < 40 + round * 15; step++) {
        for (const unit of ['a.service', 'b.service']) writer.write(unit, numbers(number, number + 20))
        number += 20
        await sleep(30)
      }
      await killed(agent)
    }
    await writer.end()
    scene.agent(env)
    for (const unit of ['a', 'b']) {
      await until(() => textsOf(scene, `journal/${unit}.service`).length >= number)
      expect(textsOf(scene, `journal/${unit}.service`)).toEqual(ended(numbers(0, number)))
    }
    expect(scene.hub.losses).toEqual([])
    expect(scene.hub.complaints).toEqual([])
  },
  60_000
)

test.skipIf(!there)('a journal that has forgotten where the agent was is told as a gap', async () => {
  await using scene = await Scene.open()
  const dir = join(scene.folder, 'journal')
  const env = { DRIFTLOG_JOURNAL_UNITS: '*', DRIFTLOG_JOURNAL_DIR: dir }
  const first = new JournalWriter(dir)
  first.write('a.service', numbers(0, 10))
  await first.end()
  const agent = scene.agent(env)
  await until(() => textsOf(scene, 'journal/a.service').length === 10)
  await sleep(1200)
  await agent.end()
  rmSync(first.path)
  const second = new JournalWriter(dir, 'second.journal')
  second.write('b.service', numbers(0, 12))
  await second.end()
  scene.agent(env)
  await until(() => textsOf(scene, 'journal/b.service').length > 0)
  await until(() => scene.hub.losses.length === 1)
  expect(scene.hub.losses[0]).toMatchObject({ container: 'journal/a.service', cause: 'source-gap' })
})
