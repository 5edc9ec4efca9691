import { expect, test } from 'vitest'
import type { InstanceEvent, InstanceFacts } from '../../agent/protocol.ts'
import { openFleet } from '../../collector/fleet/fleet.ts'
import { MemoryStateStore } from '../../collector/store/memory-state.ts'
import { type Mark, marksSince, moveMarks } from '../../server/marks.ts'

const T0 = Date.UTC(2026, 10, 23, 12)
const MINUTE_MS = 60_000

test('moves become marks once they are settled, the same after a restart', async () => {
  const state = new MemoryStateStore()
  const clock = { ms: T0 }
  const nowMs = () => clock.ms
  let before: Mark[]
  {
    await using fleet = await openFleet(state, nowMs)
    const join = async (name: string, pretended = false) => {
      const { host } = await fleet.enrol({ name }, '0.1.0')
      fleet.hello(host, { facts: { name, pretended }, agentVersion: '0.1.0', clockOffsetMs: 0 })
      return host
    }
    const [a, b, played] = [await join('web-1'), await join('web-2'), await join('played', true)]
    fleet.tell(a, [ran('orders', 'a', T0, T0 + 1000, 137), ran('cart', 'x', T0, T0 + 1000, 0)])
    fleet.tell(b, [began('orders', 'b', T0 + 3000)])
    fleet.tell(played, [began('cart', 'y', T0 + 3000)])
    const marks = moveMarks(fleet, nowMs)
    expect(await marksSince([marks], T0)).toEqual([])
    clock.ms += MINUTE_MS
    before = await marksSince([marks], T0)
    expect(before).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{16}$/),
        ...{ kind: 'move', atMs: T0 + 3000, app: 'orders', environment: 'production' },
        hosts: ['web-1', 'web-2'],
        text: 'orders moved from web-1 to web-2, away for 2 s, exit code 137'
      }
    ])
    expect(await marksSince([marks], T0 + 3001)).toEqual([])
    await fleet.saved()
  }
  await using fleet = await openFleet(state, nowMs)
  expect(await marksSince([moveMarks(fleet, nowMs)], T0)).toEqual(before)
})

test('marks of all sources come oldest first', async () => {
  const mark = (id: string, atMs: number): Mark => ({
    ...{ id, kind: 'deploy', atMs, app: 'orders', environment: 'staging', text: 'orders deployed' }
  })
  const sources = [() => [mark('b', 2), mark('d', 4)], async () => [mark('c', 3), mark('a', 1)]]
  expect((await marksSince(sources, 0)).map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd'])
})

function ran(app: string, container: string, startedMs: number, finishedMs: number, exitCode: number) {
  const ended = { startedMs, finishedMs, exitCode, state: 'exited' }
  return event('die', facts(app, container, ended), finishedMs)
}

function began(app: string, container: string, startedMs: number): InstanceEvent {
  return event('start', facts(app, container, { startedMs, state: 'running' }), startedMs)
}

function event(kind: InstanceEvent['kind'], instance: InstanceFacts, atMs: number): InstanceEvent {
  return { kind, atMs, instance }
}

function facts(app: string, container: string, more: Partial<InstanceFacts>): InstanceFacts {
  return {
    ...{ container, name: container, app, environment: 'production', identity: 'compose', image: `${app}:1` },
    ...{ labels: {}, state: 'running', ...more }
  }
}
