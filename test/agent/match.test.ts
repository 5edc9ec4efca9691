import { expect, test } from 'vitest'
import { match, type OnDisk } from '../../agent/files/match.ts'
import type { Position } from '../../agent/protocol.ts'

const file = (id: string, hash: string, size: number, packed = false): OnDisk => ({
  file: id,
  hash,
  size,
  packed
})
const at = (generation: string, id: string, next: number, ended = false): Position => ({
  ...{ container: 'c', stream: 'docker', generation, file: id, committed: next, next },
  ...(ended && { ended })
})
const told = (files: OnDisk[], known: Position[]) => {
  const { positions, missing } = match(files, known)
  return [positions.map((position) => position?.generation), missing.map(({ generation }) => generation)]
}

test('a renamed file is known by device, inode, birth and its first record', () => {
  expect(told([file('1:7:100', 'a', 90)], [at('a', '1:7:100', 50)])).toEqual([['a'], []])
})

test('an inode that is used again for another file is another file', () => {
  expect(told([file('1:7:200', 'b', 90)], [at('a', '1:7:100', 50)])).toEqual([[undefined], ['a']])
  expect(told([file('1:7:100', 'b', 90)], [at('a', '1:7:100', 50)])).toEqual([[undefined], ['a']])
})

test('files with equal beginnings are told apart by their inode, not by their contents', () => {
  const known = [at('a', '1:7:100', 80, true), at('a-2', '1:8:101', 40)]
  expect(told([file('1:8:101', 'a', 80), file('1:9:102', 'a', 80)], known)).toEqual([['a-2', undefined], []])
})

test('a compressed file is known by its contents and its length', () => {
  expect(told([file('1:9:300', 'a', 90, true)], [at('a', '1:7:100', 50)])).toEqual([['a'], []])
  expect(told([file('1:9:300', 'a', 90, true)], [at('a', '1:7:100', 90, true)])).toEqual([['a'], []])
  expect(told([file('1:9:300', 'a', 90, true)], [at('a', '1:7:100', 80, true)])).toEqual([[undefined], []])
})

test('compressed files with equal beginnings: the hub’s newest is the newest on the disk', () => {
  const known = [at('a', '1:7:100', 90, true), at('a-2', '1:8:101', 40)]
  const files = [file('1:20:300', 'a', 90, true), file('1:21:301', 'a', 95, true)]
  expect(told(files, known)).toEqual([['a', 'a-2'], []])
})

test('a copy made before truncation goes on where the truncated file ended', () => {
  const files = [file('1:9:300', 'a', 90), file('1:7:100', 'b', 10)]
  expect(told(files, [at('a', '1:7:100', 50)])).toEqual([['a', undefined], []])
})

test('files on another device were moved there', () => {
  expect(told([file('2:9:300', 'a', 90)], [at('a', '1:7:100', 50)])).toEqual([['a'], []])
})

test('a file that is shorter than what the hub has of it is not that file', () => {
  expect(told([file('1:7:100', 'a', 40)], [at('a', '1:7:100', 50)])).toEqual([[undefined], ['a']])
})

test('an ended generation that lies nowhere is not missed', () => {
  expect(told([file('1:8:200', 'b', 9)], [at('a', '1:7:100', 50, true)])).toEqual([[undefined], []])
})
