import { expect, test } from 'vitest'
import { rotatedFrom } from '../../../agent/sources/rotated.ts'

test.each([
  ['app.log', []],
  ['app.log.1', ['app.log']],
  ['app.log.1.gz', ['app.log', 'app.log.1']],
  ['app.log.gz', ['app.log']],
  ['app.log-20261125', ['app.log']],
  ['app.log-20261125.gz', ['app.log', 'app.log-20261125']],
  ['app.log-20261125-1732545600', ['app.log']],
  ['app.log.2026-11-25', ['app.log']],
  ['app.log.2026-11-25-14', ['app.log']],
  ['app.log.2026-11-25_14-30-05', ['app.log']],
  ['app.log.2026-11-25.3', ['app.log']],
  ['app-2026-11-25.log', ['app.log']],
  ['app.2026-11-25.0.log', ['app.log']],
  ['app.2026-11-25T143000.log', ['app.log']],
  ['app-1732545600.log', ['app.log']],
  ['app.log.old', ['app.log']],
  ['app-1.log.gz', ['app.log', 'app-1.log']],
  // Logs of a second worker, of a port, of a version: nobody knows, so they are logs of their own.
  ['worker-1.log', []],
  ['app1.log', []],
  ['app-8080.log', []],
  ['2026-11-25.log', []],
  ['app-2026-13-45.log', []],
  ['.1', []]
])('%s may come from %j', (name, bases) => {
  expect(rotatedFrom(name)).toEqual(bases)
})
