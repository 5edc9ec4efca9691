import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../ports.ts'
import { awkProgram, countLines } from '../../system/lines.ts'
import { Hub, type Program, startAgent } from '../../system/programs.ts'
import { dockerHost } from './hosts.ts'

const LINES = 400_000
const host = dockerHost(1)
let folder: string
let hub: Hub
let agent: Program

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'driftlog-rotation-'))
  hub = await new Hub({ dataDir: join(folder, 'hub'), port: await freePort() }).start()
  agent = startAgent({
    hubUrl: hub.url,
    socket: host.socket,
    stateDir: join(folder, 'agent'),
    name: 'host-1'
  })
  // What was rotated away before an agent is there is nobody's loss.
  await until(() => agent.output().includes('watching the containers of an engine'))
})

afterAll(async () => {
  await agent?.stop()
  await hub?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const SETTINGS: Record<string, string>[] = [
  { 'max-size': '1m', 'max-file': '1' },
  { 'max-size': '1m', 'max-file': '2' },
  { 'max-size': '1m', 'max-file': '3' },
  { 'max-size': '1m', 'max-file': '3', compress: 'true' }
]

/**
 * The writer goes as fast as dockerd lets it, up to 50 MB a second. A file that Docker deleted before anybody
 * could open it is gone for good: that is allowed on a machine that does not keep up, when it is told (a hole of several
 * files may be told in parts). Nothing else may be missing, doubled or altered, and nothing may be told where nothing is missing.
 */
test.each(SETTINGS)('rotation at full speed with %j', async (logOptions) => {
  // A trailing number would be taken for a replica's and cut off the app's name.
  const writer = `rotating-over-${logOptions['max-file']}-files${logOptions['compress'] ? '-packed' : ''}`
  const before = await lossesOf()
  const told = () => agent.output().split('log bytes are lost').length - 1
  const toldBefore = told()
  const container = await host.run({
    name: writer,
    logOptions,
    command: ['awk', awkProgram(writer, 0, LINES)]
  })
  await host.docker('wait', container)
  await hub.settled({ app: writer }, LINES, 8_000)
  const texts: string[] = []
  for await (const text of hub.texts({ app: writer })) texts.push(text)
  const count = countLines(texts, new Map([[writer, LINES]])).get(writer)
  // The telling of a hole may follow its lines.
  await until(async () => (await lossesOf()) - before === told() - toldBefore)
  const losses = (await lossesOf()) - before
  await host.docker('rm', '-f', container)
  console.log(
    JSON.stringify({
      logOptions,
      lines: count?.lines,
      lost: count?.lostLines,
      holes: count?.lost,
      losses
    })
  )
  expect(count).toMatchObject({ duplicated: 0, reordered: 0, altered: 0 })
  const holes = count?.lost.length ?? 0
  expect(losses, 'every hole is told').toBeGreaterThanOrEqual(holes)
  if (holes === 0) expect(losses, 'nothing is told where nothing is missing').toBe(0)
})

/** The test's own time-out is the limit. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(50)
}

async function lossesOf(): Promise<number> {
  const { hosts } = await hub.get<{ hosts: { losses: number }[] }>('/api/hosts')
  return hosts.reduce((sum, { losses }) => sum + losses, 0)
}
