import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Gate } from '../../server/gate.ts'

const never = new AbortController().signal

test('jobs run up to the limit, wait in order, and one too many is refused', async () => {
  const gate = new Gate({ concurrent: 2, waiting: 2 })
  const jobs = [held(), held(), held(), held()]
  const order: number[] = []
  const runs = jobs.map((job, index) =>
    gate.run(never, () => {
      order.push(index)
      return job.promise
    })
  )
  expect([gate.running, gate.waiting]).toEqual([2, 2])
  await expect(gate.run(never, async () => 1)).rejects.toMatchObject({
    code: 'DRIFTLOG_QUERY_BUSY',
    statusCode: 429
  })
  expect(gate.refused).toBe(1)

  jobs[1]?.done()
  await runs[1]
  expect([gate.running, gate.waiting]).toEqual([2, 1])
  for (const job of jobs) job.done()
  await Promise.all(runs)
  expect(order).toEqual([0, 1, 2, 3])
  expect([gate.running, gate.waiting]).toEqual([0, 0])
})

test('a job that fails gives its place back', async () => {
  const gate = new Gate({ concurrent: 1, waiting: 1 })
  await expect(gate.run(never, async () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  expect(await gate.run(never, async () => 7)).toBe(7)
})

test('one who leaves while waiting takes no place', async () => {
  const gate = new Gate({ concurrent: 1, waiting: 5 })
  const first = held()
  const running = gate.run(never, () => first.promise)
  const leaver = new AbortController()
  const left = gate.run(leaver.signal, async () => expect.unreachable('it left'))
  const stayed = gate.run(never, async () => 'stayed')
  leaver.abort(new Error('gone'))
  await expect(left).rejects.toThrow('gone')
  expect(gate.waiting).toBe(1)
  first.done()
  await running
  expect(await stayed).toBe('stayed')
  await setImmediate()
  expect([gate.running, gate.waiting]).toEqual([0, 0])
  await expect(gate.run(leaver.signal, async () => 1)).rejects.toThrow('gone')
})

function held(): { promise: Promise<void>; done: () => void } {
  let done = () => {}
  const promise = new Promise<void>((resolve) => {
    done = resolve
  })
  return { promise, done: () => done() }
}
