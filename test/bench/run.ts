/**
 * npm run bench [name …]: runs the benches beside this file, prints their rows as a table and keeps them in
 * docs/benchmarks.md, each bench in a section of its own with the machine and versions it ran on.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Bench, Row } from './row.ts'

const BENCHES = [
  'agent',
  'outage',
  'collector',
  'engine',
  'hub',
  'fleet',
  'latency',
  'stats',
  'elasticsearch'
] as const
const DOC = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url))
const INTRO = `# Benchmarks

Written by \`npm run bench\`: each section by the last run of its bench. Machines differ and are noisy: the ratios
("beside") were measured in the same run on the same machine, look at them first, then at CPU, then at the clock. "Bar"
is what the design demands. The agent's bars are multiples of Fluent Bit 5.1.1 on a machine of two cores: twice its
lines and a third of its CPU with zstd (204,000 lines/s; 5.58 s per million lines), six times and an eighth without a
codec (230,000 lines/s; 4.97 s). The test data is made by test/bench/generator.ts, the same for the same seed.
`

const asked = process.argv.slice(2)
for (const name of asked.length > 0 ? asked : BENCHES) {
  if (!BENCHES.includes(name as (typeof BENCHES)[number])) {
    console.error(`There is no bench "${name}"; there are: ${BENCHES.join(', ')}`)
    process.exit(2)
  }
  const { rows } = (await import(`./${name}.ts`)) as { rows: Bench }
  const started = Date.now()
  const load = loadavg()[0] ?? 0
  const result = await rows((text) => process.stderr.write(`[${name}] ${text}\n`))
  const table = [toTable(result), ...shortfalls(result)].join('\n\n')
  console.log(`\n${name} (${((Date.now() - started) / 1000).toFixed(0)} s)\n\n${table}`)
  keep(name, table, load)
}

function toTable(rows: Row[]): string {
  const lines = rows.map((row) => [
    row.what,
    `${short(row.value)} ${row.unit}`,
    row.beside ? `${row.beside.name}: ${short(row.beside.value)} ${row.unit}` : '',
    row.beside ? `${short(row.beside.times)} ×` : '',
    row.bar ? `${row.bar.text} ${row.bar.met ? '✓' : '✗'}` : ''
  ])
  const head = ['what', 'driftlog', 'beside', 'times better', 'bar']
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** Three significant digits, and no more. */
function short(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}

function shortfalls(rows: Row[]): string[] {
  const missed = rows.filter(({ bar }) => bar?.met === false)
  const causes = missed.map(
    ({ what, cause }) =>
      `- ${what}: ${cause ?? 'the cause is not known; `node --cpu-prof` is where to begin.'}`
  )
  return missed.length === 0 ? ['Every bar was met.'] : [['Missed:', '', ...causes].join('\n')]
}

function keep(name: string, table: string, load: number): void {
  const old = existsSync(DOC) ? readFileSync(DOC, 'utf8') : INTRO
  const sections = new Map<string, string>()
  for (const section of old.split(/^## /m).slice(1))
    sections.set(section.slice(0, section.indexOf('\n')).trim(), section)
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`
  sections.set(
    name,
    `${name}\n\n${new Date().toISOString().slice(0, 10)}, ${machine}, load average ${load.toFixed(1)} at the start\n\n${table}\n\n`
  )
  const body = BENCHES.flatMap((bench) =>
    sections.has(bench) ? [`## ${sections.get(bench)?.trimEnd()}\n`] : []
  )
  writeFileSync(DOC, `${INTRO}\n${body.join('\n')}`)
}
