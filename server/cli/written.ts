/** What people hand in as a file. */
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { parse } from 'yaml'
import { CliError, EXIT } from './exit.ts'

/** "-" reads standard input. */
export async function readWritten(file: string): Promise<string> {
  if (file === '-') return text(process.stdin)
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new CliError(EXIT.usage, `${file} can not be read: ${(error as Error).message}.`)
  }
}

/** A map of names to values, in YAML or JSON. */
export async function readMap(file: string): Promise<object> {
  const written = await readWritten(file)
  let value: unknown
  try {
    value = parse(written)
  } catch (error) {
    throw new CliError(EXIT.usage, `${file} is neither YAML nor JSON: ${(error as Error).message}`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new CliError(EXIT.usage, `${file} must hold names and values, such as "name: github".`)
}
