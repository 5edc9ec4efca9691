/** Damaged files: everything that can still be trusted is answered, the rest is named, and nothing is silent. */
import { cp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkFolder } from '../../collector/store/embedded/check.ts'
import { ALL_TIME, BOUNDS, batch, DAY, everything, origin } from '../collector/store/corpus.ts'
import { openEmbedded, type TestFolder, testFolder } from '../collector/store/folder.ts'

const LINES = 60
const SEALED = 3 * LINES
const FRESH = 3 * LINES

/** A folder with one part (180 records of 3 appends) and one journal (180 records of 3 appends). */
async function filled(): Promise<TestFolder> {
  const folder = await testFolder()
  await using store = await openEmbedded(folder.path)
  for (let n = 0; n < 6; n++) {
    if (n === 3) await store.seal()
    const lines = Array.from({ length: LINES }, (_, i) => ({
      text: `append ${n} line ${i}`,
      time: DAY + BigInt(n * LINES + i)
    }))
    await store.append([batch(origin('orders'), lines, n * 100_000)])
  }
  return folder
}

type Harm = (path: string) => Promise<void>

const flip =
  (at: number): Harm =>
  async (path) => {
    const bytes = await readFile(path)
    const place = at < 0 ? bytes.length + at : at < 1 ? Math.floor(bytes.length * at) : at
    bytes[place] = (bytes[place] ?? 0) ^ 0x40
    await writeFile(path, bytes)
  }
const cut =
  (bytes: number): Harm =>
  async (path) =>
    truncate(path, Math.max(0, (await stat(path)).size - bytes))
const fill =
  (from: number, to: number): Harm =>
  async (path) => {
    const bytes = await readFile(path)
    bytes.fill(0, Math.floor(bytes.length * from), Math.floor(bytes.length * to))
    await writeFile(path, bytes)
  }
const add =
  (more: Buffer): Harm =>
  async (path) =>
    writeFile(path, Buffer.concat([await readFile(path), more]))
const empty: Harm = (path) => truncate(path, 0)
const remove: Harm = (path) => rm(path)

interface Case {
  what: string
  file: 'wal' | 'part' | 'positions' | 'origins' | 'sealed'
  harm: Harm
  /** Records that must still be found. */
  records: number
  /** A finding that `driftlog check` must make. */
  finding: string
  /** Reported as missing by searches. */
  missing?: boolean
}

const CASES: Case[] = [
  {
    what: 'journal cut in its last frame',
    file: 'wal',
    harm: cut(1),
    records: SEALED + FRESH - LINES,
    finding: 'torn-tail'
  },
  {
    what: 'journal cut by a lot',
    file: 'wal',
    harm: cut(3000),
    records: SEALED + LINES,
    finding: 'torn-tail'
  },
  {
    what: 'last frame full of zeroes',
    file: 'wal',
    harm: fill(0.7, 1),
    records: SEALED + FRESH - LINES,
    finding: 'torn-tail'
  },
  {
    what: 'zeroes behind the last frame',
    file: 'wal',
    harm: add(Buffer.alloc(4096)),
    records: SEALED + FRESH,
    finding: 'torn-tail'
  },
  {
    what: 'half a frame behind the last one',
    file: 'wal',
    harm: add(Buffer.from('LFRM half a frame')),
    records: SEALED + FRESH,
    finding: 'torn-tail'
  },
  {
    what: 'a bit of the last frame',
    file: 'wal',
    harm: flip(-20),
    records: SEALED + FRESH - LINES,
    finding: 'torn-tail'
  },
  {
    what: 'a bit of the frame in the middle',
    file: 'wal',
    harm: flip(0.5),
    records: SEALED + FRESH - LINES,
    finding: 'damaged-frames',
    missing: true
  },
  {
    what: 'a bit of the first frame',
    file: 'wal',
    harm: flip(100),
    records: SEALED + FRESH - LINES,
    finding: 'damaged-frames',
    missing: true
  },
  {
    what: 'a magic number of a frame',
    file: 'wal',
    harm: flip(16),
    records: SEALED + FRESH - LINES,
    finding: 'damaged-frames',
    missing: true
  },
  {
    what: 'a length of a frame',
    file: 'wal',
    harm: flip(24),
    records: SEALED + FRESH - LINES,
    finding: 'damaged-frames',
    missing: true
  },
  {
    what: 'a count of a frame',
    file: 'wal',
    harm: flip(33),
    records: SEALED + FRESH - LINES,
    finding: 'damaged-frames',
    missing: true
  },
  {
    what: 'zeroes in the middle of the journal',
    file: 'wal',
    harm: fill(0.4, 0.6),
    records: SEALED + FRESH - LINES,
    finding: 'damaged-frames',
    missing: true
  },
  {
    what: 'part cut by a byte',
    file: 'part',
    harm: cut(1),
    records: FRESH,
    finding: 'part-unreadable',
    missing: true
  },
  {
    what: 'part cut in half',
    file: 'part',
    harm: cut(900),
    records: FRESH,
    finding: 'part-unreadable',
    missing: true
  },
  {
    what: 'empty part',
    file: 'part',
    harm: empty,
    records: FRESH,
    finding: 'part-unreadable',
    missing: true
  },
  {
    what: 'a bit of the part’s beginning',
    file: 'part',
    harm: flip(2),
    records: FRESH,
    finding: 'part-unreadable',
    missing: true
  },
  {
    what: 'a bit of the block’s head',
    file: 'part',
    harm: flip(20),
    records: FRESH,
    finding: 'block-unreadable',
    missing: true
  },
  {
    what: 'a bit of the block’s streams',
    file: 'part',
    harm: flip(150),
    records: FRESH,
    finding: 'block-unreadable',
    missing: true
  },
  {
    what: 'a bit of the trailer',
    file: 'part',
    harm: flip(-20),
    records: FRESH,
    finding: 'part-unreadable',
    missing: true
  },
  {
    what: 'a bit of the summary',
    file: 'part',
    harm: flip(-60),
    records: FRESH,
    finding: 'part-unreadable',
    missing: true
  },
  {
    what: 'zeroes in the part',
    file: 'part',
    harm: fill(0.1, 0.5),
    records: FRESH,
    finding: 'block-unreadable',
    missing: true
  },
  {
    what: 'a part of zeroes',
    file: 'part',
    harm: fill(0, 1),
    records: FRESH,
    finding: 'part-unreadable',
    missing: true
  },
  {
    what: 'a bit of the positions',
    file: 'positions',
    harm: flip(0.8),
    records: SEALED + FRESH,
    finding: 'positions-damaged'
  },
  {
    what: 'empty positions',
    file: 'positions',
    harm: empty,
    records: SEALED + FRESH,
    finding: 'positions-damaged'
  },
  {
    what: 'half a row behind the dictionary',
    file: 'origins',
    harm: add(Buffer.from('1234abcd [7,"x')),
    records: SEALED + FRESH,
    finding: 'torn-tail'
  },
  {
    what: 'a bit of the dictionary',
    file: 'origins',
    harm: flip(30),
    records: SEALED + FRESH,
    finding: 'origins-damaged'
  },
  {
    what: 'a bit of a sealed journal',
    file: 'sealed',
    harm: flip(0.5),
    records: SEALED + FRESH,
    finding: 'damaged-frames'
  },
  { what: 'a sealed journal gone', file: 'sealed', harm: remove, records: SEALED + FRESH, finding: '' }
]

describe('damage', () => {
  test.for(CASES)('$what', async ({ file, harm, records, finding, missing }) => {
    await using folder = await filled()
    await harm(await pathOf(folder.path, file))
    const report = await checkFolder(folder.path)
    expect(report.findings.map(({ code }) => code)).toEqual(
      finding === '' ? [] : expect.arrayContaining([finding])
    )
    for (const each of report.findings) expect(each.meaning.length * each.remedy.length).toBeGreaterThan(0)
    await using store = await openEmbedded(folder.path)
    const page = await store.search(
      { where: everything, ...ALL_TIME },
      { limit: 1000, direction: 'newer' },
      BOUNDS
    )
    expect(page.records).toHaveLength(records)
    expect(new Set(page.records.map((record) => record.text)).size).toBe(records)
    expect(page.coverage.complete).toBe(!missing)
    // It goes on, and what comes now is kept.
    const next = batch(origin('orders'), [{ text: 'after', time: DAY + 10_000n }], 900_000)
    await store.append([next])
    await store.append([next])
    const after = await store.search(
      { where: everything, ...ALL_TIME },
      { limit: 1000, direction: 'newer' },
      BOUNDS
    )
    expect(after.records).toHaveLength(records + 1)
  })

  test('a sound folder has no findings, and checking changes nothing', async () => {
    await using folder = await filled()
    const before = await contents(folder.path)
    const seen: string[] = []
    const report = await checkFolder(folder.path, ({ file }) => seen.push(file))
    expect(report).toMatchObject({ sound: true, findings: [], parts: 1, records: SEALED + FRESH, format: 1 })
    expect(seen.length).toBeGreaterThan(1)
    expect(await contents(folder.path)).toEqual(before)
  })

  test('what an unfinished seal left counts for nothing', async () => {
    await using folder = await filled()
    const part = await pathOf(folder.path, 'part')
    const wal = await pathOf(folder.path, 'wal')
    const number = /(\d+)\.wal$/.exec(wal)?.[1] ?? ''
    await cp(part, part.replace(/\d+\.part$/, `${number}.part`))
    await writeFile(part.replace(/\d+\.part$/, '00000009.part.tmp'), 'unfinished')
    expect((await checkFolder(folder.path)).findings.map(({ code }) => code)).toEqual([
      'leftover',
      'leftover'
    ])
    await using store = await openEmbedded(folder.path)
    expect(store.health().records).toBe(SEALED + FRESH)
  })

  test('positions that can not be recovered stop the start with a code', async () => {
    await using folder = await filled()
    await flip(0.8)(await pathOf(folder.path, 'positions'))
    await rm(await pathOf(folder.path, 'sealed'))
    await rm(`${join(folder.path, 'positions.json')}.old`, { force: true })
    await expect(openEmbedded(folder.path)).rejects.toMatchObject({ code: 'DRIFTLOG_CORRUPT' })
  })

  test('a newer format is refused with what to do', async () => {
    await using folder = await filled()
    await writeFile(join(folder.path, 'format.json'), '{"format":9,"id":"00000000"}\n')
    await expect(openEmbedded(folder.path)).rejects.toMatchObject({ code: 'DRIFTLOG_NEWER_FORMAT' })
  })
})

async function pathOf(root: string, file: Case['file']): Promise<string> {
  if (file === 'positions') return join(root, 'positions.json')
  if (file === 'origins') return join(root, 'origins.log')
  const names = await readdir(root, { recursive: true })
  const found = names.filter((name) => name.endsWith(`.${file}`)).sort()
  return join(root, found.at(-1) ?? 'nothing')
}

async function contents(root: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) found[path] = (await readFile(path)).toString('base64')
  }
  return found
}
