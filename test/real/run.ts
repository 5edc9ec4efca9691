/**
 * npm run test:real [docker|elasticsearch|zabbix]: starts the real peers of each suite, runs it, stops them. A suite whose peers this
 * machine can't run is skipped loudly, with the reason; --strict makes that a failure. On the real Elasticsearch the system
 * tests of hub, page and command line run as well, as they are: those that ask the store most. With --all each of them runs,
 * and what takes longest elsewhere, too.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

interface Suite {
  up: readonly string[]
  down: readonly string[]
  /** System tests that run on its peer, too, and what tells them so. */
  system?: { files: () => string[]; env: NodeJS.ProcessEnv }
}

/** About embedded files, or about faults of a store in memory. */
const NOT_ON_A_CLUSTER = /(?:disk-full|store-crash|missing)\.test\.ts$/
/** A third of the time of all; test/real/elasticsearch/outage.test.ts kills hubs and agents, too. */
const ASK_MOST = /\/(?:commands|secrets|web\/(?:histogram|ledger|live|query|reading))\.test\.ts$/

const SUITES: Readonly<Record<string, Suite>> = {
  docker: { up: ['up', '3'], down: ['down'] },
  elasticsearch: {
    up: ['up'],
    down: ['down'],
    system: {
      files: () =>
        readdirSync(`${root}test/system`, { recursive: true, encoding: 'utf8' })
          .filter((file) => file.endsWith('.test.ts') && !NOT_ON_A_CLUSTER.test(file))
          .map((file) => `test/system/${file}`)
          .filter((file) => all || ASK_MOST.test(file)),
      env: { DRIFTLOG_TEST_STORE: 'elasticsearch' }
    }
  },
  zabbix: { up: ['up'], down: ['down'] }
}
const VITEST = ['node_modules/vitest/vitest.mjs', 'run', '--project']
const root = fileURLToPath(new URL('../../', import.meta.url))
const asked = process.argv.slice(2).filter((word) => !word.startsWith('-'))
const strict = process.argv.includes('--strict')
const all = process.argv.includes('--all')

const names = asked.length > 0 ? asked : Object.keys(SUITES)
let failed = false
for (const name of names) {
  const suite = SUITES[name]
  if (!suite) {
    console.error(`There is no suite "${name}"; there are: ${Object.keys(SUITES).join(', ')}`)
    process.exit(2)
  }
  failed = !runSuite(name, suite) || failed
}
process.exit(failed ? 1 : 0)

function runSuite(name: string, suite: Suite): boolean {
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
    const isGood = run([...VITEST, 'real', `test/real/${name}`])
    const { system } = suite
    if (!system) return isGood
    if (!all) console.log('\n!!!! NOT ALL of the system tests run on this store; with --all they do.\n')
    return run([...VITEST, 'system', ...system.files()], system.env) && isGood
  } finally {
    spawnSync(script, suite.down, { stdio: 'inherit', timeout: 120_000 })
  }
}

function run(args: string[], env: NodeJS.ProcessEnv = {}): boolean {
  const whole = all ? { DRIFTLOG_TEST_ALL: '1' } : {}
  const options = { cwd: root, stdio: 'inherit', env: { ...process.env, ...whole, ...env } } as const
  return spawnSync(process.execPath, args, options).status === 0
}
