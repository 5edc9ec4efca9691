/**
 * npm run test:real [docker|elasticsearch|zabbix]: starts the real peers of each suite, runs it, stops them. A suite whose peers this
 * machine can't run is skipped loudly, with the reason; --strict makes that a failure.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const SUITES = {
  docker: { up: ['up', '3'], down: ['down'] },
  elasticsearch: { up: ['up'], down: ['down'] },
  zabbix: { up: ['up'], down: ['down'] }
} as const
const root = fileURLToPath(new URL('../../', import.meta.url))
const asked = process.argv.slice(2).filter((word) => !word.startsWith('-'))
const strict = process.argv.includes('--strict')

const names = asked.length > 0 ? asked : Object.keys(SUITES)
let failed = false
for (const name of names) {
  const suite = SUITES[name as keyof typeof SUITES]
  if (!suite) {
    console.error(`There is no suite "${name}"; there are: ${Object.keys(SUITES).join(', ')}`)
    process.exit(2)
  }
  failed = !runSuite(name, suite) || failed
}
process.exit(failed ? 1 : 0)

function runSuite(name: string, suite: { up: readonly string[]; down: readonly string[] }): boolean {
  const script = `${root}test/services/${name}`
  console.log(`starting the real ${name} …`)
  // A run that was killed leaves hosts cut off, and containers with the names that tests use.
  spawnSync(script, suite.down, { stdio: 'ignore', timeout: 120_000 })
  const up = spawnSync(script, suite.up, {
    encoding: 'utf8',
    stdio: ['ignore', 'inherit', 'pipe'],
    timeout: 600_000
  })
  try {
    if (up.status !== 0) {
      const reason = up.stderr.trim().split('\n').at(-1) ?? `exit status ${up.status}`
      console.log(`\n!!!! SKIPPED: the real ${name} suite. ${reason}\n`)
      return !strict && up.status === 3
    }
    run(['build.mjs', '--stale'])
    return run(['node_modules/vitest/vitest.mjs', 'run', '--project', 'real', `test/real/${name}`])
  } finally {
    spawnSync(script, suite.down, { stdio: 'inherit', timeout: 120_000 })
  }
}

function run(args: string[]): boolean {
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status === 0
}
