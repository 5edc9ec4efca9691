/** Runs every fuzzer of this folder, one after another: `npm run fuzz -- [seconds each] [seed]`. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = new URL('.', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.ts') && name !== 'run.ts')
for (const name of files) {
  const path = fileURLToPath(new URL(name, folder))
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', path, ...process.argv.slice(2)], {
    stdio: 'inherit'
  })
  if (status !== 0) {
    process.stderr.write(`${name} failed\n`)
    process.exitCode = 1
  }
}
