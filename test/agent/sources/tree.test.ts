import { execFileSync } from 'node:child_process'
import {
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { readGlobs } from '../../../agent/sources/glob.ts'
import type { Area } from '../../../agent/sources/root.ts'
import { type Found, lookInto, openFound } from '../../../agent/sources/tree.ts'

class Container implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'driftlog-tree-'))
  readonly upper = join(this.folder, 'upper')
  readonly image = join(this.folder, 'image')
  readonly mounts = new Map<string, Area>()

  constructor() {
    mkdirSync(this.upper)
    mkdirSync(this.image)
  }

  write(path: string, text = path, layer = this.upper): string {
    const host = join(layer, path)
    mkdirSync(dirname(host), { recursive: true })
    writeFileSync(host, text)
    return host
  }

  link(path: string, target: string, layer = this.upper): void {
    mkdirSync(dirname(join(layer, path)), { recursive: true })
    symlinkSync(target, join(layer, path))
  }

  mount(at: string): string {
    const source = join(this.folder, `mount${this.mounts.size}`)
    mkdirSync(source)
    this.mounts.set(at, { host: source, dev: undefined })
    return source
  }

  look(patterns: string) {
    const { globs, bad } = readGlobs(patterns)
    if (bad[0]) throw new Error(bad[0].why)
    const { upper, image, mounts } = this
    return lookInto({ upper: { host: upper, dev: undefined }, lowers: [image], mounts }, globs)
  }

  /** Path and text of every file that is found and can be read. */
  read(patterns: string): Record<string, string> {
    return Object.fromEntries(
      this.look(patterns)
        .files.filter(({ meant }) => meant)
        .map((found) => [found.path, textOf(found) ?? 'REFUSED'])
        .sort()
    )
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function textOf(found: Found): string | undefined {
  const fd = openFound(found)
  if (fd === undefined) return undefined
  const buffer = Buffer.alloc(1000)
  const text = buffer.toString('utf8', 0, readSync(fd, buffer))
  closeSync(fd)
  return text
}

test('what the container wrote is found, what only its image holds is not', () => {
  using box = new Container()
  box.write('/app/logs/a.log')
  box.write('/app/logs/deep/er/b.log')
  box.write('/app/logs/c.txt')
  box.write('/app/logs/image.log', 'old', box.image)
  expect(box.read('/app/logs/*.log')).toEqual({ '/app/logs/a.log': '/app/logs/a.log' })
  expect(Object.keys(box.read('/app/**/*.log'))).toEqual(['/app/logs/a.log', '/app/logs/deep/er/b.log'])
  box.write('/app/logs/image.log', 'old, then written to')
  expect(box.read('/app/logs/im*')).toEqual({ '/app/logs/image.log': 'old, then written to' })
})

test('files of volumes are found at their place in the container, and hide what is below', () => {
  using box = new Container()
  box.write('/data/logs/hidden.log')
  const volume = box.mount('/data/logs')
  box.write('/a.log', 'of the volume', volume)
  const inner = box.mount('/data/logs/inner')
  box.write('/b.log', 'of the inner one', inner)
  const file = box.write('/single', 'a mounted file', box.folder)
  box.mounts.set('/etc/app.log', { host: file, dev: undefined })
  expect(box.read('/data/**/*.log /etc/*.log')).toEqual({
    '/data/logs/a.log': 'of the volume',
    '/data/logs/inner/b.log': 'of the inner one',
    '/etc/app.log': 'a mounted file'
  })
})

test('links lead where they would lead the container, also links of the image, never out of it', () => {
  using box = new Container()
  box.write('/data/real/a.log', 'real')
  box.link('/app/logs', '/data/real', box.image)
  box.link('/app/relative', '../data/real')
  box.link('/app/up', '../../../../../../../../data/real')
  box.link('/app/far.log', '/data/real/a.log')
  box.link('/app/round', '/app')
  box.link('/app/self', 'self')
  expect(Object.keys(box.read('/app/logs/*.log'))).toEqual(['/app/logs/a.log'])
  expect(Object.keys(box.read('/app/relative/*.log'))).toEqual(['/app/relative/a.log'])
  expect(Object.keys(box.read('/app/up/*.log'))).toEqual(['/app/up/a.log'])
  expect(box.read('/app/*.log')).toEqual({ '/app/far.log': 'real' })
  // One file, whatever ways there are to it; the way without a link names it.
  expect(Object.keys(box.read('/app/**/*.log /data/**/*.log'))).toEqual(['/data/real/a.log'])
  const [found] = box.look('/app/far.log').files
  expect(found?.linked).toBe(true)
})

test('a container cannot make the agent read a file of the host', () => {
  using box = new Container()
  const secret = box.write('/secret.log', 'SECRET', box.folder)
  box.link('/app/a.log', secret)
  box.link('/app/b.log', '../../secret.log')
  box.link('/app/c.log', '/proc/self/root/etc/shadow')
  box.link('/app/logs', box.folder)
  box.link('/app/host', '../..')
  box.write('/app/d.log', 'mine')
  expect(box.read('/app/*.log /app/**/*.log /app/logs/*.log /app/host/*.log')).toEqual({
    '/app/d.log': 'mine'
  })
  // A link to a name that the container itself has means the container's own.
  box.write('/etc/shadow', 'of the container')
  box.link('/app/e.log', '/etc/shadow')
  expect(box.read('/app/e.log')).toEqual({ '/app/e.log': 'of the container' })
})

test('what is put in the way between finding and opening is not read', () => {
  using box = new Container()
  const secret = box.write('/outside/a.log', 'SECRET', box.folder)
  box.write('/app/logs/a.log', 'mine')
  const [found] = box.look('/app/logs/*.log').files
  if (!found) throw new Error('not found')
  // The file becomes a link.
  rmSync(join(box.upper, '/app/logs/a.log'))
  box.link('/app/logs/a.log', secret)
  expect(textOf(found)).toBeUndefined()
  // Its folder becomes a link.
  renameSync(join(box.upper, '/app/logs'), join(box.upper, '/app/old'))
  symlinkSync(dirname(secret), join(box.upper, '/app/logs'))
  expect(textOf(found)).toBeUndefined()
  // It becomes a pipe, which would wait for ever.
  rmSync(join(box.upper, '/app/logs'))
  mkdirSync(join(box.upper, '/app/logs'))
  execFileSync('mkfifo', [join(box.upper, '/app/logs/a.log')])
  expect(textOf(found)).toBeUndefined()
  rmSync(join(box.upper, '/app/logs/a.log'))
  expect(textOf(found)).toBeUndefined()
  box.write('/app/logs/a.log', 'mine again')
  expect(textOf(found)).toBe('mine again')
})

test('another mount than the one that was meant is not read', () => {
  using box = new Container()
  box.write('/app/a.log', 'mine')
  const [found] = box.look('/app/*.log').files
  if (!found) throw new Error('not found')
  expect(textOf({ ...found, area: { host: '/', dev: 999_999 } })).toBeUndefined()
})

test('pipes, sockets and devices are no logs', () => {
  using box = new Container()
  box.write('/app/a.log')
  execFileSync('mkfifo', [join(box.upper, '/app/pipe.log')])
  box.link('/app/out.log', '/dev/stdout')
  expect(Object.keys(box.read('/app/*.log'))).toEqual(['/app/a.log'])
})

test('rotated files of a file that is meant are found beside it', () => {
  using box = new Container()
  for (const name of ['a.log', 'a.log.1', 'a.log.2.gz', 'a-2026-11-25.log', 'b.txt.1', 'c.log.1'])
    box.write(`/app/${name}`)
  const files = box
    .look('/app/*.log')
    .files.map(({ path, meant, rotatedFrom }) => [path, meant, rotatedFrom[0]])
  expect(files.sort()).toEqual([
    ['/app/a-2026-11-25.log', true, '/app/a.log'],
    ['/app/a.log', true, undefined],
    ['/app/a.log.1', false, '/app/a.log'],
    ['/app/a.log.2.gz', false, '/app/a.log'],
    ['/app/c.log.1', false, '/app/c.log']
  ])
  expect(box.look('/app/a.log').files).toHaveLength(4)
})

test('folders to be watched are those in which a file may appear, as far as they are there', () => {
  using box = new Container()
  const folders = () => box.look('/app/logs/**/*.log').folders.map((path) => path.slice(box.upper.length))
  expect(folders()).toEqual(['/'])
  mkdirSync(join(box.upper, 'app'))
  expect(folders()).toEqual(['/app'])
  mkdirSync(join(box.upper, 'app/logs/deep'), { recursive: true })
  expect(folders()).toEqual(['/app/logs', '/app/logs/deep'])
})

test('a container cannot make the agent walk without an end', () => {
  using box = new Container()
  for (let number = 0; number < 2100; number++)
    mkdirSync(join(box.upper, `app/${number}`), { recursive: true })
  box.link('/app/0/up', '/app')
  box.link('/app/1/up', '..')
  const { folders, cut } = box.look('/app/**/*.log')
  expect([folders.length <= 2000, cut]).toEqual([true, 'more than 2000 folders'])
})

test('a file with two names is one file', () => {
  using box = new Container()
  const host = box.write('/app/a.log')
  linkSync(host, join(box.upper, '/app/b.log'))
  expect(box.look('/app/*.log').files).toHaveLength(1)
})
