/** What a query thread keeps open and decoded, from question to question. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openCodec } from '../../../collector/store/embedded/codec.ts'
import { Library } from '../../../collector/store/embedded/library.ts'
import { PartWriter } from '../../../collector/store/embedded/part.ts'
import { emptyRows } from '../../../collector/store/embedded/rows.ts'
import { Shelf } from '../../../collector/store/embedded/shelf.ts'
import { testFolder } from './folder.ts'

const codec = openCodec()

test('a question reads all its parts, however many they are; only afterwards some are closed', async () => {
  await using folder = await testFolder()
  const paths = ['a', 'b', 'c', 'd'].map((name) => partWith(join(folder.path, name), name))
  const library = new Library(codec, new Shelf(0))
  const asked = () => paths.flatMap((path) => library.part(path)).map((segment) => segment.text.toString())
  expect(asked()).toEqual(['a', 'b', 'c', 'd'])
  library.tidy(new Set(), 1)
  expect(asked()).toEqual(['a', 'b', 'c', 'd'])
  library.forget(paths)
})

test('what was decoded is kept for the next question, up to a bound', async () => {
  await using folder = await testFolder()
  const [large, small] = ['x'.repeat(5000), 'y']
  const paths = [partWith(join(folder.path, 'large'), large), partWith(join(folder.path, 'small'), small)]
  const library = new Library(codec, new Shelf(4000))
  const textOf = (path = '') => {
    const [segment] = library.part(path)
    const text = segment?.text
    segment?.release()
    return text
  }
  expect(textOf(paths[1])).toBe(textOf(paths[1]))
  expect(textOf(paths[0])).not.toBe(textOf(paths[0]))
  expect(textOf(paths[0])?.toString()).toBe(large)
  library.forget(paths)
})

function partWith(path: string, text: string): string {
  const rows = emptyRows(1, text.length)
  rows.count = 1
  rows.textEnd[0] = rows.text.write(text)
  using writer = new PartWriter(path, codec)
  writer.add(rows)
  const origins: [number, number, number, number, number, number][] = [[0, 1, 0, 0, 0, 0]]
  const levels = [1, 0, 0, 0, 0, 0, 0]
  writer.finish({
    day: 0,
    first: 0,
    last: 0,
    rows: 1,
    minMs: 0,
    maxMs: 0,
    textBytes: text.length,
    levels,
    origins
  })
  return path
}
