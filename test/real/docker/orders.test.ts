/** Orders on a real engine: every kind of check, what goes wrong before the switch, and what is refused. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { isWhole, OrderScene, replaceBy, specOf } from './orders-scene.ts'

let scene: OrderScene

beforeAll(async () => {
  scene = await OrderScene.open()
  scene.start()
})

afterEach(async () => {
  await scene.clear()
})

afterAll(async () => {
  console.log(scene.agent.output())
  await scene[Symbol.asyncDispose]()
})

test('a slot gets its first instance, then another one in its place, and loses no line', async () => {
  const first = replaceBy(specOf({ port: 21_001 }))
  const one = await scene.carriedOut(first)
  expect(scene.hub.orders.text(first.id)).toContain('healthy')
  expect(one).toMatchObject({ kind: 'done' })
  const second = replaceBy(specOf({ port: 21_002 }))
  const beganMs = Date.now()
  const two = await scene.carriedOut(second)
  console.log(`replaced within ${Date.now() - beganMs} ms`)
  expect(two).toMatchObject({ kind: 'done' })
  expect(await scene.running()).toEqual({ [second.id]: two.container })
  expect(Object.keys(await scene.all())).toHaveLength(1)
  expect(isWhole(scene.lines(one.container ?? ''))).toBe(true)
  console.log(scene.hub.orders.text(second.id))
  expect(scene.hub.orders.complaints).toEqual([])
})
