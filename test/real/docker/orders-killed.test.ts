/**
 * An agent that is killed at every step of an order: right before the engine is asked, right after it has done it, and
 * as soon as its journal is being written or stands. However often, it ends in one of two states, old or new, says which,
 * and no line of either is lost or comes twice.
 */
import { mkdirSync, watch } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Order } from '../../../agent/protocol-orders.ts'
import { type Call, EngineProxy, type Moment } from './engine-proxy.ts'
import { isWhole, OrderScene, replaceBy, specOf } from './orders-scene.ts'

const CALLS: readonly Call[] = ['image', 'create', 'start', 'update', 'stop', 'remove']
const MOMENTS: readonly Moment[] = ['before', 'after']
const FAILS = { http: { path: '/nothing' }, everyMs: 100, timeoutMs: 1000, withinMs: 1000, successes: 1 }

let scene: OrderScene
let proxy: EngineProxy
let port = 22_000
/** The order whose instance runs in the slot. */
let runs: Order

beforeAll(async () => {
  scene = await OrderScene.open()
  proxy = await EngineProxy.open(join(scene.folder, 'engine.sock'), scene.host.socket)
  scene.start({}, proxy.path)
  runs = replaceBy(specOf({ port: ++port }))
  expect(await scene.carriedOut(runs)).toMatchObject({ kind: 'done' })
})

afterAll(async () => {
  await scene?.agent.stop()
  await proxy?.[Symbol.asyncDispose]()
  await scene?.[Symbol.asyncDispose]()
})

test.each(CALLS.flatMap((call) => MOMENTS.map((moment) => [call, moment] as const)))(
  'killed when the engine is asked: %s, %s',
  async (call, moment) => {
    const order = replaceBy(specOf({ port: ++port }))
    await killedAtCall(order, call, moment)
    await endsAsItSays(order)
  }
)

test.each(['stop', 'remove'].flatMap((call) => MOMENTS.map((moment) => [call as Call, moment] as const)))(
  'killed while a failed one is undone: %s, %s',
  async (call, moment) => {
    const order = replaceBy(specOf({ port: ++port, health: FAILS }))
    await killedAtCall(order, call, moment)
    expect(await endsAsItSays(order)).toBe('undone')
  }
)

test.each(Array.from({ length: 12 }, (_, index) => index + 1))(
  'killed at change %i of the journal’s folder',
  async (change) => {
    const order = replaceBy(specOf({ port: ++port }))
    await killedAtChange(order, change)
    await endsAsItSays(order)
  }
)

test.each(['stop', 'remove'].flatMap((call) => MOMENTS.map((moment) => [call as Call, moment] as const)))(
  'killed while a slot is emptied: %s, %s',
  async (call, moment) => {
    const filled = replaceBy(specOf({ port: ++port, slot: 2 }))
    const { container = '' } = await scene.carriedOut(filled)
    const slot = { app: 'shop', environment: 'test', slot: 2 }
    const order: Order = { id: `empty-${port}`, deploy: 'd-1', kind: 'remove', ...slot, stopGraceMs: 5000 }
    await killedAtCall(order, call, moment)
    expect(await scene.end(order.id)).toEqual({ kind: 'done' })
    expect(Object.keys(await scene.all())).toEqual([`shop-test-1-${runs.id}`])
    expect(isWhole(scene.lines(container))).toBe(true)
  }
)

test('killed again and again at random moments', async () => {
  for (let turn = 0; turn < 8; turn++) {
    const health = turn % 3 === 2 ? { health: FAILS } : {}
    const order = replaceBy(specOf({ port: ++port, ...health }))
    scene.hub.orders.give(order)
    for (let kill = 0; kill < 3; kill++) {
      await sleep(Math.random() * 1200)
      await scene.agent.kill()
      scene.start({}, proxy.path)
    }
    await endsAsItSays(order)
  }
})

async function killedAtCall(order: Order, call: Call, moment: Moment): Promise<void> {
  const killed = new Promise<void>((resolve) => {
    proxy.meet = async (met, when) => {
      if (met !== call || when !== moment) return true
      proxy.meet = async () => true
      await scene.agent.kill()
      resolve()
      // Asked before, the engine never hears of it.
      return false
    }
  })
  scene.hub.orders.give(order)
  await killed
  scene.start({}, proxy.path)
}

async function killedAtChange(order: Order, change: number): Promise<void> {
  const folder = join(scene.folder, 'state', 'orders')
  mkdirSync(folder, { recursive: true })
  let seen = 0
  const watcher = watch(folder)
  const killed = new Promise<void>((resolve) => {
    watcher.on('change', (kind, name) => {
      if (kind !== 'rename' || !String(name).startsWith(order.id) || ++seen !== change) return
      resolve(scene.agent.kill())
    })
  })
  scene.hub.orders.give(order)
  await Promise.race([killed, scene.end(order.id)])
  watcher.close()
  if (scene.agent.exited()) scene.start({}, proxy.path)
}

/** Exactly one runs, the one that the end names, and nothing is left of the other but its lines. */
async function endsAsItSays(order: Order): Promise<string> {
  const { kind, container, code } = await scene.end(order.id)
  const told = scene.hub.orders.text(order.id)
  expect([kind, code, told]).not.toContain('refused')
  const gone = kind === 'done' ? runs : order
  if (kind === 'done') runs = order
  expect([told, await scene.running()]).toEqual([told, { [runs.id]: container }])
  expect(Object.keys(await scene.all())).toEqual([`shop-test-1-${runs.id}`])
  const policy = ['--format', '{{.HostConfig.RestartPolicy.Name}}', container ?? '']
  expect(await scene.host.docker('inspect', ...policy)).toBe('unless-stopped')
  const ids = containersOf(gone)
  if (kind === 'done') expect([told, ids.length > 0]).toEqual([told, true])
  for (const id of ids) {
    const lines = scene.lines(id)
    // A failed one may have been killed before it was started.
    if (kind === 'done' || lines.length > 0)
      expect([id, told, isWhole(lines), lines.slice(-2)]).toEqual([id, told, true, lines.slice(-2)])
  }
  expect(scene.hub.orders.complaints).toEqual([])
  expect(scene.hub.complaints).toEqual([])
  expect(scene.hub.losses).toEqual([])
  return kind
}

function containersOf({ id }: Order): string[] {
  const all = [...scene.hub.instances.values()]
  return all.filter(({ labels }) => labels['driftlog.order'] === id).map(({ container }) => container)
}
