import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { command } from '../../server/cli/command.ts'

const PATIENCE = { timeout: 60_000 }

test('a program that answers is healthy, whatever it says; one that does not is not', PATIENCE, async () => {
  const server = createServer((_, response) => response.writeHead(503).end('{"ok":false,"hub":"away"}'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const port = String((server.address() as AddressInfo).port)
  const [agent, hub] = await Promise.all([
    command(['health', 'agent'], { DRIFTLOG_AGENT_PORT: port }),
    command(['health', 'hub'], { DRIFTLOG_LISTEN_PORT: port, DRIFTLOG_LISTEN_HOST: '0.0.0.0' })
  ])
  expect(agent).toMatchObject({ code: 0, stdout: 'agent answers 503: {"ok":false,"hub":"away"}\n' })
  expect(hub).toMatchObject({ code: 0, stdout: expect.stringContaining('hub answers 503') })
  await new Promise((resolve) => server.close(resolve))
  const [silent, unknown] = await Promise.all([
    command(['health', 'agent'], { DRIFTLOG_AGENT_PORT: port }),
    command(['health', 'page'])
  ])
  expect(silent).toMatchObject({ code: 1, stdout: expect.stringContaining('agent does not answer') })
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('driftlog health agent') })
})
