import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { cliPage } from './cli.ts'
import { configurationPage } from './configuration.ts'

const PAGES = { 'cli.md': cliPage, 'configuration.md': configurationPage }

test.each(Object.entries(PAGES))(
  'docs/%s says what the code does; UPDATE_DOCS=1 writes it again',
  async (name, made) => {
    const path = new URL(`../../docs/${name}`, import.meta.url)
    if (process.env['UPDATE_DOCS']) await writeFile(path, made())
    const there = await readFile(path, 'utf8').catch(() => '')
    expect(there, 'stale: run UPDATE_DOCS=1 npx vitest run --project unit test/docs').toBe(made())
  }
)
