/**
 * The dictionary of origins: a number for each, appended to `origins.log` and durable before a frame uses it.
 * A line is `<crc32, 8 hex digits> <JSON>\n`, the JSON an array: number, then the fields of Origin.
 */
import { type FileHandle, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Origin } from '../../record.ts'
import { syncFolder } from './folder.ts'

const FIELDS = [
  'instance',
  'app',
  'environment',
  'host',
  'hostName',
  'container',
  'containerName',
  'image',
  'stream',
  'streamNumber'
] as const

/** Rows by number; a number whose row was lost or forgotten is undefined. */
export type OriginRows = (Origin | undefined)[]

export class OriginTable {
  readonly rows: OriginRows = []
  readonly #numbers = new Map<string, number>()

  /** The origin's number, given now where it is new. */
  number(origin: Origin): { number: number; isNew: boolean } {
    const key = keyOf(origin)
    const known = this.#numbers.get(key)
    if (known !== undefined) return { number: known, isNew: false }
    const number = this.rows.length
    this.set(number, origin)
    return { number, isNew: true }
  }

  set(number: number, origin: Origin): void {
    const row: Origin = { ...origin }
    while (this.rows.length < number) this.rows.push(undefined)
    this.rows[number] = row
    this.#numbers.set(keyOf(origin), number)
  }

  /** Takes back numbers that did not become durable, or are not used any more. Numbers are never given again. */
  forget(number: number): void {
    const row = this.rows[number]
    if (!row) return
    this.rows[number] = undefined
    if (this.#numbers.get(keyOf(row)) === number) this.#numbers.delete(keyOf(row))
  }
}

export function originLine(number: number, origin: Origin): string {
  const json = JSON.stringify([number, ...FIELDS.map((name) => origin[name])])
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`
}

/** Reads the file; `goodBytes` is where an unfinished last line begins, `damaged` counts lines not to be trusted. */
export async function readOrigins(
  path: string
): Promise<{ table: OriginTable; goodBytes: number; damaged: number }> {
  const table = new OriginTable()
  const text = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0)
    throw error
  })
  let damaged = 0
  let at = 0
  let highest = -1
  for (let end = text.indexOf(10, at); end >= 0; end = text.indexOf(10, at)) {
    const parsed = parseLine(text.toString('utf8', at, end))
    if (parsed) table.set(parsed.number, parsed.origin)
    else damaged++
    highest = Math.max(highest, parsed ? parsed.number : highest + 1)
    at = end + 1
  }
  while (table.rows.length <= highest) table.rows.push(undefined)
  return { table, goodBytes: at, damaged }
}

/** The dictionary with its file. New rows wait for flush(). */
export class OriginLog {
  readonly table: OriginTable
  readonly #path: string
  #file: FileHandle | undefined
  #bytes = 0
  #waiting: { number: number; line: string }[] = []

  constructor(path: string, table: OriginTable) {
    this.#path = path
    this.table = table
  }

  /** The origin's number; a new one may be used in a file only after flush(). */
  number(origin: Origin): number {
    const { number, isNew } = this.table.number(origin)
    if (isNew) this.#waiting.push({ number, line: originLine(number, origin) })
    return number
  }

  /** Makes new rows durable. After a failure, takeBack() must follow. */
  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return
    const lines = Buffer.from(this.#waiting.map(({ line }) => line).join(''))
    const count = this.#waiting.length
    const isNew = this.#file === undefined
    this.#file ??= await open(this.#path, 'a+')
    if (isNew) {
      this.#bytes = (await this.#file.stat()).size
      await syncFolder(dirname(this.#path))
    }
    try {
      await this.#file.appendFile(lines)
      await this.#file.datasync()
    } catch (error) {
      await this.#file.truncate(this.#bytes).catch(() => undefined)
      throw error
    }
    this.#bytes += lines.length
    this.#waiting.splice(0, count)
  }

  /** Forgets rows that did not become durable. */
  takeBack(): void {
    for (const { number } of this.#waiting) this.table.forget(number)
    this.#waiting = []
  }

  /** Forgets rows that nothing refers to, and writes the file anew. Must not run beside flush(). */
  async forget(numbers: readonly number[]): Promise<void> {
    if (numbers.length === 0) return
    await this.flush()
    for (const number of numbers) this.table.forget(number)
    await this.close()
    {
      await using file = await open(`${this.#path}.tmp`, 'w')
      const lines = this.table.rows.map((row, number) => (row ? originLine(number, row) : ''))
      // The highest number keeps its line, or the numbers would be given again.
      if (lines.at(-1) === '') lines[lines.length - 1] = originLine(lines.length - 1, NOBODY)
      await file.writeFile(lines.join(''))
      await file.datasync()
    }
    await rename(`${this.#path}.tmp`, this.#path)
    await syncFolder(dirname(this.#path))
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }
}

/** Stands for a forgotten row. */
const NOBODY: Origin = {
  instance: '',
  app: '',
  environment: '',
  host: '',
  hostName: '',
  container: '',
  containerName: '',
  image: '',
  stream: '',
  streamNumber: 0
}

function parseLine(line: string): { number: number; origin: Origin } | undefined {
  const json = line.slice(9)
  if (line[8] !== ' ' || Number.parseInt(line.slice(0, 8), 16) !== crc32(json)) return undefined
  const [number, ...values] = JSON.parse(json) as [number, ...string[]]
  const origin = Object.fromEntries(FIELDS.map((name, index) => [name, values[index]]))
  return { number, origin: origin as unknown as Origin }
}

function keyOf(origin: Origin): string {
  return FIELDS.map((name) => origin[name]).join('\0')
}
