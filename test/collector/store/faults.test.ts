/** Writes that fail: nothing half-taken, a clear answer, and the store goes on by itself when it can. */
import { execFileSync } from 'node:child_process'
import { type FileHandle, mkdir, open, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { StoreFullError } from '../../../collector/store/store.ts'
import { textsOf } from './contract.ts'
import { batch, DAY, origin } from './corpus.ts'
import { copyAfterCrash, openEmbedded, testFolder } from './folder.ts'

const source = origin('orders')
const record = (n: number) => batch(source, [{ text: `record ${n}`, time: DAY + BigInt(n) }], n * 100)

/** Opens journal files whose writes or syncs fail while `failing` names them; a failing write leaves half behind. */
function faulty() {
  const fault = { failing: '' as '' | 'writev' | 'datasync' | 'open' }
  const openFile = async (path: string, flags: string): Promise<FileHandle> => {
    if (fault.failing === 'open')
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
    const handle = await open(path, flags)
    const { writev, datasync } = handle
    handle.writev = (async (chunks: Buffer[], position: number) => {
      if (fault.failing !== 'writev') return writev.call(handle, chunks, position)
      const half = Buffer.concat(chunks).subarray(0, 50)
      await writev.call(handle, [half], position)
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
    }) as FileHandle['writev']
    handle.datasync = async () => {
      if (fault.failing === 'datasync') throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
      return datasync.call(handle)
    }
    return handle
  }
  return { fault, openFile }
}

describe('a failing disk', () => {
  test.for(['writev', 'datasync'] as const)(
    '%s fails: refused as a whole, and taken when it works again',
    async (what) => {
      await using folder = await testFolder()
      const { fault, openFile } = faulty()
      await using store = await openEmbedded(folder.path, { open: openFile })
      await store.append([record(0)])
      fault.failing = what
      const tries = await Promise.allSettled([
        store.append([record(1)]),
        store.append([record(2)]),
        store.append([record(1)])
      ])
      for (const each of tries)
        expect(each).toMatchObject({ status: 'rejected', reason: expect.any(StoreFullError) })
      expect(store.health()).toMatchObject({ writable: false, reason: expect.stringMatching(/ENOSPC|EIO/) })
      expect(await textsOf(store)).toEqual(['record 0'])
      expect((await store.positions([source]))[0]?.[0]?.stored).toBe(9)
      {
        await using crashed = await copyAfterCrash(folder.path)
        await using again = await openEmbedded(crashed.path)
        expect(await textsOf(again)).toEqual(['record 0'])
      }
      fault.failing = ''
      await Promise.all([store.append([record(1)]), store.append([record(2)])])
      expect(store.health()).toMatchObject({ writable: true })
      expect(await textsOf(store)).toEqual(['record 0', 'record 1', 'record 2'])
      await using crashed = await copyAfterCrash(folder.path)
      await using again = await openEmbedded(crashed.path)
      expect(await textsOf(again)).toEqual(['record 0', 'record 1', 'record 2'])
    }
  )

  test('no journal can be begun: appends are refused until one can', async () => {
    await using folder = await testFolder()
    const { fault, openFile } = faulty()
    await using store = await openEmbedded(folder.path, { open: openFile, rotateAt: { rows: 2 } })
    await store.append([record(0)])
    await store.append([record(1)])
    fault.failing = 'open'
    await expect(store.append([record(2)])).rejects.toMatchObject({ code: 'DRIFTLOG_STORE_FULL' })
    fault.failing = ''
    await store.append([record(2)])
    expect(await textsOf(store)).toEqual(['record 0', 'record 1', 'record 2'])
  })

  test('a seal that fails is tried again, and nothing is missing meanwhile', async () => {
    await using folder = await testFolder()
    await using store = await openEmbedded(folder.path)
    await store.append([record(0)])
    // A file where the day's folder should be: parts can't be written.
    const day = join(folder.path, 'parts', '2026-11-23')
    await writeFile(day, 'in the way')
    const sealing = store.seal()
    while ((store.health().figures['seal_failures_total'] ?? 0) === 0)
      await new Promise((go) => setTimeout(go, 20))
    expect(await textsOf(store)).toEqual(['record 0'])
    await store.append([record(1)])
    await rm(day)
    await sealing
    expect(await textsOf(store)).toEqual(['record 0', 'record 1'])
    expect(store.health().figures).toMatchObject({ parts: 1, seals_pending: 0 })
  })
})

describe('a full disk', () => {
  let mount = ''
  beforeEach(async () => {
    const path = `/tmp/driftlog-full-${process.pid}`
    await mkdir(path, { recursive: true })
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', path], { stdio: 'ignore' })
      mount = path
    } catch {
      await rm(path, { recursive: true })
    }
  })
  afterEach(async () => {
    if (mount === '') return
    execFileSync('umount', [mount])
    await rm(mount, { recursive: true })
    mount = ''
  })

  test('appends are refused until there is space; every acknowledged record is there, once', async (context) => {
    if (mount === '') {
      console.warn('SKIPPED: a small tmpfs can not be mounted here, so a really full disk was not tested')
      return context.skip()
    }
    const ballast = join(mount, 'ballast')
    await writeFile(ballast, Buffer.alloc(1 << 20))
    await using store = await openEmbedded(join(mount, 'data'))
    const big = (n: number) =>
      batch(source, [{ text: `${n} ${'x'.repeat(99_990)}`, time: DAY + BigInt(n) }], n * 200_000)
    let taken = 0
    let refused: unknown
    while (refused === undefined && taken < 100) {
      await store.append([big(taken)]).then(
        () => taken++,
        (error: unknown) => {
          refused = error
        }
      )
    }
    expect(refused).toBeInstanceOf(StoreFullError)
    expect(store.health().writable).toBe(false)
    await expect(store.append([big(taken)])).rejects.toBeInstanceOf(StoreFullError)
    expect((await textsOf(store)).length).toBe(taken)
    await rm(ballast)
    await store.append([big(taken)])
    expect(store.health().writable).toBe(true)
    expect((await textsOf(store)).map((text) => Number.parseInt(text, 10))).toEqual(
      Array.from({ length: taken + 1 }, (_, n) => n)
    )
  })
})
