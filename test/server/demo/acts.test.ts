/** A pretended engine that takes orders, asked by what agents act with. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { NewContainer } from '../../../agent/docker/acting-engine.ts'
import { actingEngine } from '../../../agent/docker/dockerode-acting.ts'
import { FramedLog } from '../../../agent/docker/log-frames.ts'
import { startPretendedEngine } from '../../../server/demo/engine.ts'

const { signal } = new AbortController()
const asked = { name: 'office/mailer', credentials: undefined }

test('what the registry has is pulled, by tag and by digest; what it has not is refused', async () => {
  await using world = await open()
  const { acting } = world
  const pull = async (version: string) => {
    for await (const { status } of acting.pull({ ...asked, version }, signal))
      expect(status).toMatch(/^(Pull|Digest)/)
  }
  await pull('1.5.0')
  const image = await acting.image('office/mailer:1.5.0', signal)
  expect(image?.tags).toEqual(['office/mailer:1.5.0'])
  for (const name of [...(image?.digests ?? []), image?.id ?? ''])
    expect(await acting.image(name, signal)).toEqual(image)
  expect(await acting.image('office/mailer:9', signal)).toBeUndefined()
  await expect(pull('9')).rejects.toMatchObject({ status: 404, message: 'manifest unknown' })
})

test('a container is created, started, read, stopped and removed, and its fleet hears of it', async () => {
  await using world = await open()
  const { acting, engine, told } = world
  const id = await acting.create('mailer-1', container('office/mailer:1.5.0'), signal)
  expect(await acting.labelled(['driftlog.order=o1'], signal)).toEqual([id])
  const made = await acting.inspect(id, signal)
  expect(made?.State).toMatchObject({ Status: 'created', Running: false, StartedAt: '0001-01-01T00:00:00Z' })
  await expect(acting.create('mailer-1', container('office/mailer:1.5.0'), signal)).rejects.toMatchObject({
    status: 409
  })
  await expect(acting.create('x', container('office/mailer:9'), signal)).rejects.toMatchObject({
    status: 404
  })

  await acting.start(id, signal)
  await acting.start(id, signal)
  await acting.setRestartPolicy(id, 'unless-stopped', signal)
  engine.write(id, 'stderr', 'first\nlast\n')
  const { framed, chunks } = await acting.logs(id, { follow: false, tail: 1 }, signal)
  const lines: string[] = []
  const log = new FramedLog()
  for await (const chunk of chunks) log.push(chunk, (output, _, text) => lines.push(`${output}: ${text}`))
  expect([framed, lines]).toEqual([true, ['stderr: last\n']])

  await acting.stop(id, 1000, signal)
  expect((await acting.inspect(id, signal))?.State).toMatchObject({ Status: 'exited', ExitCode: 143 })
  await acting.remove(id, signal)
  expect(await acting.inspect(id, signal)).toBeUndefined()
  await acting.remove(id, signal)
  expect(told).toEqual([`started ${id}`, `ending ${id}`])
})

async function open() {
  const dir = await mkdtemp(join(tmpdir(), 'driftlog-acts-'))
  const told: string[] = []
  const socketPath = join(dir, 'docker.sock')
  const engine = await startPretendedEngine({
    ...{ socketPath, dir, id: 'ENGINE:1', name: 'host-1' },
    acts: {
      registry: ['office/mailer:1.5.0'],
      started: ({ id }) => told.push(`started ${id}`),
      ending: ({ id }) => told.push(`ending ${id}`)
    }
  })
  return {
    ...{ engine, told, acting: actingEngine({ socketPath }) },
    async [Symbol.asyncDispose]() {
      await engine.close()
      await rm(dir, { recursive: true, force: true })
    }
  }
}

function container(Image: string): NewContainer {
  return {
    ...{ Image, Env: [], Labels: { 'driftlog.order': 'o1' }, StopTimeout: 1 },
    HostConfig: {
      NetworkMode: 'host',
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'json-file', Config: {} },
      Mounts: []
    }
  }
}
