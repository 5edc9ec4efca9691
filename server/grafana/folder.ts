/** Dashboards as files in the folder that Grafana reads them from. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DashboardFile } from '../../dashboards/all.ts'

export interface Written {
  path: string
  kind: 'made' | 'same' | 'changed'
}

/** Writes what is not as it should be, and leaves everything else in the folder alone. Rejects as the file system does. */
export async function* writeDashboards(
  dir: string,
  files: readonly DashboardFile[]
): AsyncGenerator<Written> {
  await mkdir(dir, { recursive: true })
  for (const { uid, text } of files) {
    const path = pathOf(dir, uid)
    const there = await contentsOf(path)
    if (there !== text) await replace(path, text)
    yield { path, kind: there === undefined ? 'made' : there === text ? 'same' : 'changed' }
  }
}

export function pathOf(dir: string, uid: string): string {
  return join(dir, `${uid}.json`)
}

/** Undefined where there is no such file. */
export async function contentsOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Grafana reads the folder again and again, and must not find half a file. */
async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}
