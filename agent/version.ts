import { readFileSync } from 'node:fs'

/** The version of this package, found from the sources and from dist/ alike. */
export function ownVersion(): string {
  for (const place of ['../package.json', '../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8'))
      if (name === 'driftlog') return version
    } catch {
      // Not there: one folder further up.
    }
  }
  return '0.0.0'
}
