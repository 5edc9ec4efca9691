import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { walk } from '../../agent/files/folder.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dl-folder-'))
  path = join(folder, 'x.log')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('files that lie still are whole', () => {
  writeFileSync(`${path}.1`, 'one')
  writeFileSync(path, 'two')
  const { files, whole } = walk(path, () => false)
  expect([files.length, whole]).toEqual([2, true])
  close(files)
})

test('a rotation in the middle of the walk: the live file was not seen, nothing follows from what was', () => {
  writeFileSync(`${path}.1`, 'one')
  writeFileSync(path, 'two')
  let asked = 0
  const { files, whole } = walk(path, () => {
    // The second time, the live file is open. Two files are kept: the oldest goes.
    if (++asked === 2) {
      renameSync(path, `${path}.1`)
      writeFileSync(path, 'three')
    }
    return false
  })
  expect(whole).toBe(false)
  close(files)
})

function close(files: ReturnType<typeof walk>['files']): void {
  for (const { source } of files) source?.close()
}
