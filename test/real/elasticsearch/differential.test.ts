import { test } from 'vitest'
import { compareWithMemory } from '../../collector/store/differential.ts'
import { elasticsearchUnderTest } from './cluster.ts'

test('elasticsearch and memory give the same answers', { timeout: 1_200_000 }, async () => {
  await using under = await elasticsearchUnderTest()
  await compareWithMemory(under, Number(process.env['DRIFTLOG_QUESTIONS'] ?? 170))
})
