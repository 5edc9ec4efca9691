import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from '../../../agent/config.ts'
import type { EngineAddress } from '../../../agent/docker/address.ts'
import { actingEngine } from '../../../agent/docker/dockerode-acting.ts'
import type { Inspected } from '../../../agent/docker/engine.ts'
import { checkOrders } from '../../../agent/doctor/orders.ts'
import { startPretendedEngine } from '../../../server/demo/engine.ts'
import { SmallEngine } from '../orders/small-engine.ts'
import { machineWith } from './machine.ts'

const { signal } = new AbortController()
const ON = { DRIFTLOG_ORDERS: 'deploy', DRIFTLOG_DEPLOY_IMAGES: 'shop/*' }

async function told(env: NodeJS.ProcessEnv, engine: EngineAddress, own?: Inspected): Promise<string> {
  const config = { ...readConfig({ ...ON, ...env }), engine }
  const machine = machineWith({ files: { '/srv/data': [] } })
  const findings = await checkOrders({ config, acting: actingEngine(engine), own }, machine, signal)
  return findings.map(({ state, text, remedies }) => [state, text, ...remedies].join(': ')).join('\n')
}

test('an engine that lets containers be started, and one that lets itself only be looked at', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'driftlog-doctor-'))
  await using engine = await SmallEngine.open(folder)
  const socketPath = join(folder, 'looks.sock')
  await using looks = await startPretendedEngine({ socketPath, dir: folder, id: 'x', name: 'x' })
  expect(await told({}, engine)).toMatch(/^ok: they are taken, for images shop\/\*/)
  expect(engine.containers.size).toBe(0)
  expect(await told({}, { socketPath: looks.options.socketPath })).toMatch(/^fail: .*only be looked at.*POST/)
  expect(await told({ DRIFTLOG_DEPLOY_BINDS: '/srv/data' }, engine)).toMatch(/^ok: .* 1 folder /)
  expect(await told({ DRIFTLOG_SECRETS_DIR: '/srv/no' }, engine)).toMatch(/^warn: .*\/srv\/no are refused/)
  expect(await told({ DRIFTLOG_ORDERS: 'off' }, engine)).toBe('')
  const own = { HostConfig: { NetworkMode: 'bridge' } } as Inspected
  expect(await told({}, engine, own)).toMatch(/^fail: .*--network host$/)
  expect(await told({}, { protocol: 'http', host: 'far', port: 2375 })).toMatch(/^fail: .*another machine/)
  rmSync(folder, { recursive: true, force: true })
})
