import { test } from 'vitest'
import { compareWithMemory } from './differential.ts'
import { embeddedUnderTest } from './folder.ts'

test('embedded and memory give the same answers', { timeout: 240_000 }, async () => {
  await using under = await embeddedUnderTest({ rotateAt: { rows: 400 }, facetSample: 1_000_000 })
  await compareWithMemory(under)
})
