/** The built code: what is measured is what is shipped, not sources behind a loader. */
export const openEngine = async () =>
  (await import(
    dist('collector/store/embedded/engine.js')
  )) as typeof import('../../collector/store/embedded/engine.ts')

export const openParsing = async () =>
  (await import(dist('collector/parse/pool.js'))) as typeof import('../../collector/parse/pool.ts')

export const openElasticsearch = async () => ({
  ...((await import(
    dist('collector/store/elasticsearch/engine.js')
  )) as typeof import('../../collector/store/elasticsearch/engine.ts')),
  ...((await import(
    dist('collector/store/elasticsearch/cluster.js')
  )) as typeof import('../../collector/store/elasticsearch/cluster.ts'))
})

function dist(path: string): string {
  return new URL(`../../dist/${path}`, import.meta.url).href
}
