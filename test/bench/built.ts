/** The built code: what is measured is what is shipped, not sources behind a loader. */
export const openEngine = async () =>
  (await import(
    dist('collector/store/embedded/engine.js')
  )) as typeof import('../../collector/store/embedded/engine.ts')

export const openParsing = async () =>
  (await import(dist('collector/parse/pool.js'))) as typeof import('../../collector/parse/pool.ts')

function dist(path: string): string {
  return new URL(`../../dist/${path}`, import.meta.url).href
}
