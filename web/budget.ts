import type { Plugin } from 'vite'

/** All in bytes after gzip. */
interface Budget {
  /** Scripts that the first route loads. */
  firstScriptBytes: number
  firstStyleBytes: number
  /** Scripts and styles of the whole page. */
  allBytes: number
}

/** Fails the build when the page has grown beyond what was allowed. */
export function budget(allowed: Budget): Plugin {
  return {
    name: 'driftlog-budget',
    apply: 'build',
    async writeBundle(_options, bundle) {
      const first = new Set<string>()
      const follow = (name: string) => {
        const file = bundle[name]
        if (first.has(name) || file?.type !== 'chunk') return
        first.add(name)
        for (const next of file.imports) follow(next)
        for (const style of file.viteMetadata?.importedCss ?? []) first.add(style)
      }
      for (const file of Object.values(bundle))
        if (file.type === 'chunk' && file.isEntry) follow(file.fileName)

      const sums = { firstScriptBytes: 0, firstStyleBytes: 0, allBytes: 0 }
      for (const file of Object.values(bundle)) {
        const isStyle = file.fileName.endsWith('.css')
        if (!isStyle && file.type !== 'chunk') continue
        const bytes = await gzipped(file.type === 'chunk' ? file.code : file.source)
        sums.allBytes += bytes
        if (first.has(file.fileName)) sums[isStyle ? 'firstStyleBytes' : 'firstScriptBytes'] += bytes
      }
      for (const name of ['firstScriptBytes', 'firstStyleBytes', 'allBytes'] as const) {
        if (sums[name] > allowed[name]) {
          this.error(`The page is over its budget: ${name} is ${sums[name]}, ${allowed[name]} are allowed`)
        }
      }
    }
  }
}

async function gzipped(content: string | Uint8Array): Promise<number> {
  const bytes = new Uint8Array(typeof content === 'string' ? new TextEncoder().encode(content) : content)
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'))
  return (await new Response(stream).arrayBuffer()).byteLength
}
