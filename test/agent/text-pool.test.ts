/** Moments of `copytruncate` that hardly ever show with a real writer: what is new, and what only a copy. */
import { appendFileSync, copyFileSync, existsSync, statSync, truncateSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { PlainFile } from '../../agent/files/source.ts'
import type { TextLog } from '../../agent/files/text-log.ts'
import { type Lying, TextPool } from '../../agent/files/text-pool.ts'
import type { Loss, Position } from '../../agent/protocol.ts'
import { lines } from './files-scene.ts'

const BANNER = 'APP 1.0 begins\n'

test('a copy that is found before its file is seen to be truncated is no new file', async () => {
  await using folder = await openFolder()
  const { pool, live } = folder
  appendFileSync(live, BANNER + lines(0, 100))
  pool.update()
  pool.place([])
  const log = folder.log()
  log.poll(Date.now())
  const [before] = log.generations.map(({ id }) => id)
  appendFileSync(live, lines(100, 200))
  folder.turn()
  appendFileSync(live, BANNER + lines(200, 300))
  pool.update()
  log.poll(Date.now())
  pool.update()
  expect(log.generations.map(({ file }) => file)).toEqual([folder.copy(), new PlainFile(live).file])
  expect(log.generations[0]?.id).toBe(before)
  expect(log.generations[0]?.size).toBe(Buffer.byteLength(BANNER + lines(0, 200)))
  expect(folder.losses).toEqual([])
})

test('the same before the hub has said what it knows', async () => {
  await using folder = await openFolder()
  const { pool, live } = folder
  appendFileSync(live, BANNER + lines(0, 100))
  pool.update()
  appendFileSync(live, lines(100, 200))
  folder.turn()
  appendFileSync(live, BANNER + lines(200, 300))
  pool.update()
  folder.log().poll(Date.now())
  pool.place([])
  expect(folder.log().generations.map(({ file }) => file)).toEqual([folder.copy(), new PlainFile(live).file])
  expect(folder.losses).toEqual([])
})

test('a copy is what the hub knows also while nothing stands in the truncated file', async () => {
  await using folder = await openFolder()
  const { pool, live } = folder
  appendFileSync(live, BANNER + lines(0, 100))
  pool.update()
  pool.place([])
  const [first] = folder.log().generations
  const known: Position = {
    ...{ container: 'c', stream: 'file:/app/a.log', generation: first?.id ?? '', next: 500, committed: 500 },
    file: first?.told ?? ''
  }
  await using again = await openFolder(folder.path)
  again.turn()
  again.pool.update()
  appendFileSync(live, BANNER + lines(100, 200))
  again.pool.place([known])
  const [copy, renewed] = again.log().generations
  expect([copy?.file, copy?.id, copy?.reached]).toEqual([again.copy(), known.generation, 500])
  expect(renewed?.id).not.toBe(known.generation)
  expect(again.losses).toEqual([])
})

/** A folder with one log, and a pool that reads it. */
async function openFolder(made?: string) {
  const path = made ?? (await mkdtemp(join(tmpdir(), 'dl-pool-')))
  const live = join(path, 'a.log')
  const logs: TextLog[] = []
  const losses: Loss[] = []
  const look = () =>
    [live, `${live}.1`].filter(existsSync).map((at): Lying => {
      const { size, mtimeMs, ctimeMs } = statSync(at)
      const source = new PlainFile(at)
      source.close()
      return {
        ...{ path: `/app/${basename(at)}`, name: basename(at), file: source.file, size, linked: false },
        ...{ writtenMs: Math.floor(mtimeMs), changedMs: Math.floor(ctimeMs), meant: at === live },
        rotatedFrom: at === live ? [] : ['/app/a.log']
      }
    })
  const pool = new TextPool({
    container: 'c',
    look,
    showsEnd: () => false,
    open: ({ path: at }) => new PlainFile(join(path, at.slice('/app/'.length))),
    add: (log) => void logs.push(log),
    drop: () => {},
    wake: () => {},
    lost: (loss) => void losses.push(loss)
  })
  return {
    ...{ path, live, pool, losses },
    log: () => logs[0] as TextLog,
    copy: () => look().find(({ meant }) => !meant)?.file,
    turn: () => {
      copyFileSync(live, `${live}.1`)
      truncateSync(live)
    },
    [Symbol.asyncDispose]: async () => {
      for (const { generations } of logs) for (const file of generations) file.close()
      pool.close()
      if (made === undefined) await rm(path, { recursive: true, force: true })
    }
  }
}
