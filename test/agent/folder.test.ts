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

for (const kept of [2, 3])
  test(`two rotations in the middle of the walk, of ${kept} files: what was created meanwhile is the younger one`, () => {
    writeFileSync(`${path}.1`, 'one')
    writeFileSync(path, 'two')
    let asked = 0
    const { files, whole } = walk(path, () => {
      // The second time, the live file is open.
      if (++asked === 2)
        for (const text of ['three', 'four']) {
          if (kept === 3) renameSync(`${path}.1`, `${path}.2`)
          renameSync(path, `${path}.1`)
          sleepSync(20)
          writeFileSync(path, text)
        }
      return false
    })
    expect([textsOf(files), whole]).toEqual([['two', 'three'], false])
    close(files)
  })

/** Longer than a step of the kernel's clock, by which files are born. */
function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

function textsOf(files: ReturnType<typeof walk>['files']): string[] {
  return files.map(({ source }) => {
    const bytes = Buffer.alloc(5)
    return bytes.toString('utf8', 0, source?.readAt(bytes, 0))
  })
}

function close(files: ReturnType<typeof walk>['files']): void {
  for (const { source } of files) source?.close()
}
