/** Writes numbered lines into a file as an app does, one write a line, rotating in one of the usual ways. */
import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  writeSync
} from 'node:fs'
import { dirname } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { TextWriterOptions } from './files-scene.ts'

const options = JSON.parse(process.argv[2] ?? '{}') as TextWriterOptions
const { path, rotate, maxBytes = Number.POSITIVE_INFINITY, lines, linesPerSecond, banner = '' } = options
mkdirSync(dirname(path), { recursive: true })
let rotations = 0
const live = path
let fd = open(live)
const startedMs = performance.now()
const from = options.from ?? 0
for (let number = from; number < from + lines; number++) {
  const due = linesPerSecond === 0 ? 0 : ((number - from) / linesPerSecond) * 1000
  while (performance.now() - startedMs < due) await setImmediate()
  if (number % 50 === 0) await setImmediate()
  if (fstatSync(fd).size > maxBytes) turn()
  writeSync(fd, `${number} order ${number * 7} shipped trace=${(number * 2654435761) % 2 ** 32}\n`)
}
closeSync(fd)

function open(at: string): number {
  const opened = openSync(at, 'a')
  if (fstatSync(opened).size === 0 && banner) writeSync(opened, banner)
  return opened
}

function turn(): void {
  rotations++
  if (rotate === 'copytruncate') {
    shift()
    copyFileSync(path, `${path}.1`)
    ftruncateSync(fd, 0)
    if (banner) writeSync(fd, banner)
    return
  }
  closeSync(fd)
  if (rotate === 'dates') {
    const name = new Date(Date.UTC(2026, 0, 1) + rotations * 86_400_000).toISOString().slice(0, 10)
    renameSync(path, path.replace(/\.log$/, `-${name}.log`))
  } else {
    shift()
    renameSync(path, `${path}.1`)
  }
  fd = open(path)
}

function shift(): void {
  for (let number = 200; number > 0; number--)
    if (existsSync(`${path}.${number}`)) renameSync(`${path}.${number}`, `${path}.${number + 1}`)
}
