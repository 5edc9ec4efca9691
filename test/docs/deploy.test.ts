import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
type Service = Record<string, unknown> & { volumes: unknown[] }

test('the agent of a further host is the one that is tested, but for hub and token', () => {
  const { agent: tested } = parse(read('compose.yaml')).services as Record<string, Service>
  const { agent: further } = parse(read('docs/deploy/compose.agent.yaml')).services as Record<string, Service>
  const { environment: _, volumes, ...same } = tested ?? { volumes: [] }
  const { environment: __, volumes: also, secrets, ...likewise } = further ?? { volumes: [] }
  expect(likewise).toEqual(same)
  expect(also).toEqual(volumes.filter((volume) => volume !== 'join:/run/driftlog:ro'))
  expect(secrets).toEqual(['join'])
})

test('every bind of the compose file is explained, and part of the command for one host', () => {
  const page = read('docs/deploy.md')
  const { agent } = parse(read('compose.yaml')).services as Record<string, Service>
  const binds = (agent?.volumes ?? []).flatMap((volume) =>
    typeof volume === 'object' ? [volume as { source: string; target: string }] : []
  )
  expect(binds.length).toBeGreaterThan(2)
  for (const { source, target } of binds) {
    expect(page).toMatch(new RegExp(`^\\|.*\`${source}\`.*\\|`, 'm'))
    expect(page).toContain(`-v ${source}:${target}:ro`)
  }
})
