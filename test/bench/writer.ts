/**
 * Fifty containers of a pretended engine in a process of their own, written to line by line as dockerd does.
 * argv: socket, folder, containers, where to: `docker` or `files` of their own. Messages: {rate} lines a second over all (0 stops).
 */
import { startPretendedEngine } from '../../server/demo/engine.ts'

const [socketPath = '', dir = '', containers = '50', into = 'docker'] = process.argv.slice(2)
const engine = await startPretendedEngine({ socketPath, dir, id: 'bench', name: 'bench' })
const names = Array.from(
  { length: Number(containers) },
  (_, index) => `writer${String.fromCharCode(97 + Math.floor(index / 26), 97 + (index % 26))}`
)
const labels = into === 'files' ? { 'driftlog.files': '/app/logs/*.log' } : {}
for (const name of names) engine.run({ name, image: 'writer:1', labels })

const TICK_MS = 10
let timer: NodeJS.Timeout | undefined
let turn = 0
let owed = 0
let written = 0
process.on('message', ({ rate }: { rate: number }) => {
  clearInterval(timer)
  if (rate === 0) {
    process.send?.({ written })
    return
  }
  let last = performance.now()
  timer = setInterval(() => {
    const now = performance.now()
    owed += ((now - last) / 1000) * rate
    last = now
    for (; owed >= 1; owed--) {
      const name = names[turn++ % names.length] ?? ''
      const line = `at=${Date.now()} order ${turn} accepted for user=amelia in ${turn % 4000} ms, 12 items from 10.3.4.${turn % 250}\n`
      if (into === 'files') engine.writeFile(name, '/app/logs/app.log', line)
      else engine.write(name, 'stdout', line)
      written++
    }
  }, TICK_MS)
})
process.on('disconnect', () => void engine.close().then(() => process.exit(0)))
process.send?.({ ready: true })
