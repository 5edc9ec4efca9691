// Builds dist/: tsc for the programs, Vite for the page. With --stale, only what is older than its sources.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('.', import.meta.url))
const onlyStale = process.argv.includes('--stale')
/** What each half is made from; a stamp in dist/ says when it was last built. */
const halves = [
  {
    name: 'programs',
    from: [
      'agent',
      'collector',
      'server',
      'dashboards',
      'package.json',
      'package-lock.json',
      'tsconfig.json'
    ],
    /** What the compiler leaves where it is. */
    copy: ['server/zabbix/template.json'],
    run: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']
  },
  {
    name: 'page',
    from: ['web', 'collector/query', 'server/api', 'package-lock.json'],
    run: ['node_modules/vite/bin/vite.js', 'build', '--config', 'web/vite.config.ts', '--logLevel', 'warn']
  }
]

for (const half of halves) {
  const stamp = join(root, 'dist', `.built-${half.name}`)
  if (onlyStale && existsSync(stamp) && newest(half.from) <= statSync(stamp).mtimeMs) continue
  const startedMs = Date.now()
  process.stderr.write(`building the ${half.name} … `)
  const result = spawnSync(process.execPath, half.run, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (result.status !== 0) {
    process.stderr.write(`\nbuilding the ${half.name} failed; run "npm ci" if packages are missing\n`)
    process.exit(result.status ?? 1)
  }
  for (const file of half.copy ?? []) copyFileSync(join(root, file), join(root, 'dist', file))
  writeFileSync(stamp, '')
  process.stderr.write(`${((Date.now() - startedMs) / 1000).toFixed(1)} s\n`)
}

function newest(paths) {
  let latestMs = 0
  for (const path of paths) {
    const full = join(root, path)
    if (!existsSync(full)) continue
    const stat = statSync(full)
    if (!stat.isDirectory()) latestMs = Math.max(latestMs, stat.mtimeMs)
    else latestMs = Math.max(latestMs, newest(readdirSync(full).map((name) => join(path, name))))
  }
  return latestMs
}
