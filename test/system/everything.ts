import { expect } from 'vitest'
import { countLines, PERFECT } from './lines.ts'
import type { Hub } from './programs.ts'
import { totalOf } from './writers.ts'

/** Waits until the hub has every line that was written, then counts: each once, in order, as it was written. */
export async function expectEveryLine(
  hub: Hub,
  written: Map<string, number>,
  patienceMs = 60_000
): Promise<void> {
  const total = totalOf(written)
  await hub.settled({ q: 'counted' }, total, patienceMs)
  const texts: string[] = []
  for await (const text of hub.texts({ q: 'counted' })) texts.push(text)
  for (const [writer, count] of countLines(texts, written)) {
    expect(count, writer).toMatchObject({ ...PERFECT, lines: written.get(writer) })
  }
}
