/** The page, built for tests alone: nobody's `npm run build` replaces it while a browser reads it. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const BUILDS = join(ROOT, 'node_modules/.cache/driftlog-page')
const SOURCES = ['web', 'collector/query', 'server/api', 'package-lock.json']
const DAY_MS = 86_400_000

/** Folder of the page as its sources are now; built once, found again by every test file of a run. */
export function testPage(): string {
  const folder = join(BUILDS, String(Math.trunc(newestMs(SOURCES))))
  if (existsSync(folder)) return folder
  mkdirSync(BUILDS, { recursive: true })
  for (const old of readdirSync(BUILDS)) {
    const path = join(BUILDS, old)
    if (Date.now() - statSync(path).mtimeMs > DAY_MS) rmSync(path, { recursive: true, force: true })
  }
  const draft = `${folder}.${process.pid}`
  const vite = ['node_modules/vite/bin/vite.js', 'build', '--config', 'web/vite.config.ts']
  const { status, stderr } = spawnSync(
    process.execPath,
    [...vite, '--outDir', draft, '--emptyOutDir', '--logLevel', 'warn'],
    { cwd: ROOT, encoding: 'utf8', env: { ...process.env, NODE_ENV: 'production' } }
  )
  if (status !== 0) throw new Error(`The page could not be built: ${stderr}`)
  // another run may have been quicker; both built the same
  if (existsSync(folder)) rmSync(draft, { recursive: true, force: true })
  else renameSync(draft, folder)
  return folder
}

function newestMs(paths: readonly string[]): number {
  let newest = 0
  for (const path of paths) {
    const stat = statSync(join(ROOT, path))
    const inner = stat.isDirectory()
      ? newestMs(readdirSync(join(ROOT, path)).map((name) => join(path, name)))
      : 0
    newest = Math.max(newest, stat.mtimeMs, inner)
  }
  return newest
}
