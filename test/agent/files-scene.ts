/** A container that writes files of its own, on a pretended engine. */
import { appendFileSync, mkdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import type { Mount } from '../../server/demo/container.ts'
import type { FakeHub } from './hub.ts'
import { countOf, type Scene } from './scene.ts'

export interface TextWriterOptions {
  path: string
  lines: number
  /** 0: as fast as it can. */
  linesPerSecond: number
  from?: number
  rotate?: 'numbers' | 'dates' | 'copytruncate'
  maxBytes?: number
  /** Stands at the beginning of each file. */
  banner?: string
}

/** Starts a container whose files are asked for; `at` says where its paths lie on this machine. */
export function withFiles(scene: Scene, patterns: string, mounts: Mount[] = [], name = 'app') {
  const id = scene.engine.run({ name, image: 'x:1', labels: { 'driftlog.files': patterns }, mounts })
  const { upperDir } = scene.engine.find(id)
  return { id, at: (path: string) => join(upperDir, path) }
}

/** Lines of all logs of a container that come from files, banners left out. */
export function linesIn(hub: FakeHub, container: string, stream?: string): string[] {
  return streamsOf(hub, container)
    .filter((name) => stream === undefined || name === `file:${stream}`)
    .flatMap((name) => hub.text(container, name).split('\n'))
    .filter((line) => /^\d/.test(line))
}

/** Lost, repeated and disordered, of lines numbered from 0; a line that is not as it was written is altered. */
export function accountOf(lines: readonly string[], expected: number) {
  const altered = lines.filter((line) => {
    const number = Number.parseInt(line, 10)
    return line !== `${number} order ${number * 7} shipped trace=${(number * 2654435761) % 2 ** 32}`
  })
  return { ...countOf(lines, expected), altered: altered.length }
}

export const PERFECT = { lost: 0, repeated: 0, disordered: 0, altered: 0 }

export function line(number: number): string {
  return `${number} order ${number * 7} shipped trace=${(number * 2654435761) % 2 ** 32}\n`
}

export function lines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, index) => line(from + index)).join('')
}

export function streamsOf(hub: FakeHub, container: string): string[] {
  return [...hub.streams.keys()]
    .filter((key) => key.startsWith(`${container} file:`))
    .map((key) => key.slice(container.length + 1))
    .sort()
}

export function write(path: string, text: string): void {
  mkdirSync(join(path, '..'), { recursive: true })
  appendFileSync(path, text)
}

export function utimes(path: string, seconds: number): void {
  utimesSync(path, seconds, seconds)
}
