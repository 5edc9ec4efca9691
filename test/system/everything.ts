import { expect } from 'vitest'
import { LineCounter, PERFECT } from './lines.ts'
import type { Hub } from './programs.ts'
import { totalOf } from './writers.ts'

/** Waits until the hub has every line that was written, then counts: each once, in order, as it was written. */
export async function expectEveryLine(
  hub: Hub,
  written: Map<string, number>,
  patienceMs = 60_000,
  payloadOf?: (number: number) => string
): Promise<void> {
  const total = totalOf(written)
  await hub.settled({ q: 'counted' }, total, patienceMs)
  // An answer has a limit, so each writer is asked for by itself; its name is its app.
  for (const [writer, lines] of written) {
    const counter = new LineCounter(new Map([[writer, lines]]), payloadOf)
    for await (const text of hub.texts({ app: writer, q: 'counted' })) counter.add(text)
    expect(counter.counts().get(writer), writer).toMatchObject({ ...PERFECT, lines })
  }
  expect(await hub.total({ q: 'counted' })).toBe(total)
}
