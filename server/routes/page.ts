/** The page: files of the build, and index.html for every address that the page knows itself. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { PageMissingError, RouteNotFoundError } from '../errors.ts'

/** Vite names what it puts there after its content. */
const HASHED = 'assets/'
const YEAR_SECONDS = 365 * 86_400
/** What is not the page's, whatever a browser would accept. */
const NOT_THE_PAGE = /^\/(?:api|agent|metrics|healthz|readyz|openapi\.json|assets)(?:\/|$)/

const routes: FastifyPluginAsyncTypebox<{ folder: string }> = async (app, { folder }) => {
  const built = existsSync(join(folder, 'index.html'))
  if (built) {
    await app.register(fastifyStatic, { root: folder, serve: false, cacheControl: false, dotfiles: 'ignore' })
  }

  app.get('/', { config: { demand: 'anyone' }, schema: { hide: true } }, (request, reply) =>
    index(request, reply)
  )
  app.get(
    '/*',
    { config: { demand: 'anyone' }, schema: { hide: true } },
    (request: FastifyRequest<{ Params: { '*': string } }>, reply) => {
      const path = request.params['*']
      const isFile = /\.[a-z0-9]{1,12}$/i.test(path) && existsSync(join(folder, path))
      if (!built || !isFile || path.split('/').includes('..')) return index(request, reply)
      const cached = path.startsWith(HASHED) ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache'
      return reply.header('cache-control', cached).sendFile(path)
    }
  )

  function index(request: FastifyRequest, reply: FastifyReply) {
    const [path = ''] = request.url.split('?', 1)
    const wanted = path === '/' || (!NOT_THE_PAGE.test(path) && request.headers.accept?.includes('text/html'))
    if (!wanted) throw new RouteNotFoundError(request.method, path.slice(0, 200))
    if (!built) throw new PageMissingError()
    return reply.header('cache-control', 'no-cache').sendFile('index.html')
  }
}

export default routes
