import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Resume } from '../../../agent/spool/resume.ts'
import { Spool } from '../../../agent/spool/spool.ts'
import { SpoolWriter } from '../../../agent/spool/writer.ts'

const record = (number: number, time = timeOf(number)) =>
  `{"log":"${number} text\\n","stream":"stdout","time":"${time}"}\n`

/** One record a second. */
function timeOf(number: number): string {
  return `2026-11-25T${new Date(number * 1000).toISOString().slice(11, 19)}.000000001Z`
}

function opened(folder: string): Spool {
  const spool = new Spool(folder)
  onTestFinished(() => spool.close())
  return spool
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'driftlog-spool-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'one')
}

const linesOf = (spool: Spool, from = 0) => [...spool.lines(from)].map(({ line }) => line.toString())

test('what a crash leaves of a record is cut off, wherever it came', () => {
  const folder = newFolder()
  const path = join(folder, 'docker.log')
  const whole = record(1) + record(2)
  const next = record(3)
  for (let cut = 0; cut <= next.length; cut++) {
    new Spool(folder).close()
    writeFileSync(path, whole + next.slice(0, cut))
    const spool = opened(folder)
    const expected = cut === next.length ? whole + next : whole
    expect(readFileSync(path, 'utf8')).toBe(expected)
    expect(spool.end).toBe(expected.length)
  }
  // Blocks that a power cut left empty.
  appendFileSync(path, Buffer.alloc(100_000))
  appendFileSync(path, `\n${Buffer.alloc(300_000)}\n`)
  expect(linesOf(opened(folder)).at(-1)).toBe(next)
})

test('files are numbered as Docker numbers them; a rotation that was cut short is brought to its end', () => {
  const folder = newFolder()
  const spool = opened(folder)
  for (let number = 0; number < 6; number++) spool.append(Buffer.from(record(number)), `state ${number}`, 100)
  const all = linesOf(spool)
  expect(all).toHaveLength(6)
  expect(
    readdirSync(folder)
      .filter((name) => name.startsWith('docker.log'))
      .sort()
  ).toEqual(['docker.log', 'docker.log.1', 'docker.log.2'])
  renameSync(join(folder, 'docker.log.2'), join(folder, 'docker.log.3'))
  renameSync(join(folder, 'docker.log'), join(folder, 'docker.log.2'))
  renameSync(join(folder, 'docker.log.2'), join(folder, 'docker.log'))
  const again = opened(folder)
  expect(linesOf(again)).toEqual(all)
  expect(again.beginning).toBe('')
  again.needed = again.end
  again.trim(() => true)
  expect(linesOf(again)).toEqual(all.slice(4))
  expect(again.beginning).toBe('state 4')
})

test('only what is delivered is deleted, and nothing that is still needed', () => {
  const spool = opened(newFolder())
  for (let number = 0; number < 10; number++) spool.append(Buffer.from(record(number)), '', 100)
  const ids = spool.ids
  spool.needed = spool.end
  spool.trim((file) => file !== ids[2])
  expect(spool.ids).toEqual(ids.slice(2))
  spool.needed = 0
  spool.trim(() => true)
  expect(spool.ids).toEqual(ids.slice(2))
})

test('a record that the disk does not take leaves nothing behind', () => {
  const spool = opened(newFolder())
  spool.append(Buffer.from(record(1)), '')
  const { path } = spool
  spool.close()
  expect(() => spool.append(Buffer.from(record(2)), '')).toThrow()
  expect(readFileSync(path, 'utf8')).toBe(record(1))
})

/** Records in their order of writing, and an engine that answers like dockerd: from the first one since a moment on. */
class Kept {
  readonly records: { time: string; text: string }[] = []

  write(time: string, text: string): void {
    this.records.push({ time, text })
  }

  since(since: string | undefined, strict: boolean): { time: string; text: string }[] {
    if (since === undefined) return this.records
    const [seconds = '', nanos = ''] = since.split('.')
    const from = `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${nanos}Z`
    if (strict) return this.records.filter(({ time }) => time >= from)
    const first = this.records.findIndex(({ time }) => time >= from)
    return first < 0 ? [] : this.records.slice(first)
  }
}

test.each([true, false])(
  'asked again anywhere, equal and falling times: nothing twice, nothing missing (old engine: %s)',
  (strict) => {
    let seed = 7
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed % below
    }
    for (let round = 0; round < 20; round++) {
      const engine = new Kept()
      const folder = newFolder()
      let ms = 1_795_428_000_000
      let written = 0
      for (let connection = 0; connection < 12; connection++) {
        // Pieces of a long line carry an older time; many records have the same.
        for (let number = 0; number < random(60); number++) {
          ms += random(4) === 0 ? random(900) : 0
          const late = random(10) === 0 ? random(1500) : 0
          engine.write(
            new Date(ms - late).toISOString().replace('Z', '000000Z'),
            `${random(3)} ${written++ % 5}\n`
          )
        }
        const spool = new Spool(folder)
        const stops = random(200)
        const writer = new SpoolWriter(spool, (bytes, state) => {
          spool.append(bytes, state, 600)
          return true
        })
        const sent = engine.since(writer.begin(), strict)
        for (const { time, text } of sent.slice(0, stops)) {
          writer.each('stdout', time, Buffer.from(text))
          writer.flush(ms + random(1000), true)
          if (random(5) === 0) spool.trim(() => random(2) === 0)
        }
        expect(writer.takeTorn()).toBe(false)
        spool.close()
      }
      const spool = new Spool(folder)
      const writer = new SpoolWriter(spool, (bytes, state) => {
        spool.append(bytes, state, 600)
        return true
      })
      for (const { time, text } of engine.since(writer.begin(), strict))
        writer.each('stdout', time, Buffer.from(text))
      writer.flush(ms, true)
      const texts = linesOf(spool).map((line) => (JSON.parse(line) as { log: string }).log)
      expect(texts).toEqual(
        engine.records.slice(engine.records.length - texts.length).map(({ text }) => text)
      )
      spool.close()
    }
  }
)

test('an engine that has forgotten what the spool ends with is found out', () => {
  const spool = opened(newFolder())
  const writer = new SpoolWriter(spool, (bytes, state) => {
    spool.append(bytes, state)
    return true
  })
  writer.begin()
  for (let number = 0; number < 10; number++)
    writer.each('stdout', timeOf(number), Buffer.from(`${number}\n`))
  writer.flush(0, true)
  expect(writer.takeTorn()).toBe(false)
  writer.begin()
  writer.each('stdout', timeOf(60), Buffer.from('60\n'))
  expect(writer.takeTorn()).toBe(true)
  expect(writer.takeTorn()).toBe(false)
})

test('a damaged account of the beginnings costs nothing but a few lines more to compare', () => {
  const folder = newFolder()
  const spool = opened(folder)
  for (let number = 0; number < 20; number++) spool.append(Buffer.from(record(number)), timeOf(number), 300)
  spool.needed = spool.end
  spool.trim(() => true)
  truncateSync(join(folder, 'beginnings.json'), 5)
  const again = opened(folder)
  expect(again.beginning).toBeUndefined()
  const resume = new Resume(again)
  const [first] = linesOf(again)
  expect(resume.newest).toBe(timeOf(19))
  expect(resume.overlap().has(first ?? '')).toBe(true)
})
