import { appendFileSync, existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LogStream } from '../../agent/files/log-stream.ts'
import { rotationOf } from '../../agent/files/rotation.ts'
import type { Loss } from '../../agent/protocol.ts'

/** So long a file is written to: more than the step of the kernel's clock. */
const FILL_MS = 25

let folder: string
let losses: string[]
let stream: LogStream
let path: string
/** The number of the live file. */
let live: number
let stamp: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dl-succession-'))
  path = join(folder, 'x.log')
  losses = []
  live = 0
  steps.stamp()
  const lost = ({ cause, after, before }: Loss) =>
    losses.push(`${cause} between ${numberOf(after)} and ${numberOf(before)}`)
  // The container is older than the agent: nothing is said of what came before its first file.
  stream = new LogStream({ container: 'c', stream: 'docker', path, sinceMs: Date.now() + 60_000, lost })
  writeFileSync(path, '')
  write()
  look()
  stream.place([])
})
afterEach(() => {
  stream.close()
  rmSync(folder, { recursive: true, force: true })
})

/** As dockerd rotates: for a record that it has stamped already. One step at a time, to look between them. */
const steps = {
  stamp: () => {
    stamp = new Date().toISOString()
  },
  delete: (files: number) => rmSync(`${path}.${files - 1}`, { force: true }),
  rename: (files: number) => {
    for (let number = files - 2; number > 0; number--)
      if (existsSync(`${path}.${number}`)) renameSync(`${path}.${number}`, `${path}.${number + 1}`)
    renameSync(path, `${path}.1`)
  },
  create: () => {
    live++
    writeFileSync(path, '')
  }
}

function write(): void {
  appendFileSync(path, `{"log":"of file ${live}\\n","stream":"stdout","time":"${stamp}"}\n`)
}

/** Fills the live file, and begins the next one. */
async function rotate(files: number, times = 1): Promise<void> {
  for (let time = 0; time < times; time++) {
    await sleep(FILL_MS)
    steps.stamp()
    write()
    steps.delete(files)
    steps.rename(files)
    steps.create()
    write()
  }
}

function look(): void {
  stream.poll(Date.now())
}

/** The number of the file of which the hub is told by this name. */
function numberOf(id: string | undefined): number | undefined {
  const { head } = stream.generations.find((one) => one.id === id) ?? {}
  return head && Number(/of file (\d+)/.exec(head.bytes.toString())?.[1])
}

test('files that were deleted unseen before the engine has said how they are rotated are told, each hole in its place', async () => {
  await rotate(2, 3)
  look()
  for (let time = 0; time < 3; time++) {
    await rotate(2)
    look()
  }
  await rotate(2, 4)
  look()
  expect(losses).toEqual([])
  stream.rotation = rotationOf({ 'max-size': '1m', 'max-file': '2' })
  look()
  expect(losses).toEqual(['rotated-unread between 0 and 2', 'rotated-unread between 6 and 9'])
})

test('where no file was deleted unseen before the engine has said how they are rotated, nothing is told', async () => {
  for (let time = 0; time < 3; time++) {
    await rotate(2, 2)
    look()
  }
  stream.rotation = rotationOf({ 'max-size': '1m', 'max-file': '2' })
  look()
  await rotate(2, 2)
  look()
  expect(losses).toEqual([])
})

test('a look between deleting and renaming, behind a file that was deleted unseen', async () => {
  stream.rotation = rotationOf({ 'max-size': '1m', 'max-file': '2' })
  await rotate(2, 2)
  await halfRotated(2)
  expect(losses).toEqual([])
  look()
  expect(losses).toEqual(['rotated-unread between 0 and 2'])
})

test('a look between deleting and renaming, and another file deleted unseen before the next look', async () => {
  stream.rotation = rotationOf({ 'max-size': '1m', 'max-file': '2' })
  await rotate(2, 2)
  await halfRotated(2)
  await rotate(2, 3)
  look()
  expect(losses).toEqual(['rotated-unread between 0 and 2', 'rotated-unread between 2 and 5'])
})

test('a look between deleting and renaming where nothing was missed: only the hole behind it is told', async () => {
  stream.rotation = rotationOf({ 'max-size': '1m', 'max-file': '3' })
  await rotate(3, 2)
  await halfRotated(3)
  await rotate(3, 4)
  look()
  expect(losses).toEqual(['rotated-unread between 2 and 5'])
})

/** A rotation with a look in its middle. */
async function halfRotated(files: number): Promise<void> {
  await sleep(FILL_MS)
  steps.stamp()
  write()
  steps.delete(files)
  look()
  steps.rename(files)
  steps.create()
  write()
}
