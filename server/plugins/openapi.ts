/** /openapi.json, made from the schemas that the routes are checked with. */
import swagger from '@fastify/swagger'
import { Type } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import type { TSchema } from 'typebox'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Of a body that the route reads by itself, for the description alone. */
    readsBody?: TSchema
  }
}

export default fp<{ version: string }>(
  async (app, { version }) => {
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Driftlog',
          version,
          description: 'One search and one live tail per app, wherever its containers run.',
          license: { name: 'Apache-2.0', identifier: 'Apache-2.0' }
        },
        components: {
          securitySchemes: {
            token: { type: 'http', scheme: 'bearer', description: 'Not demanded on loopback.' },
            login: {
              type: 'apiKey',
              in: 'cookie',
              name: 'driftlog',
              description: 'What POST /api/session sets; for the page. Its name ends differently on each hub.'
            }
          }
        }
      },
      transform: ({ schema, url, route }) => {
        // Agents and hub speak docs/protocol.md.
        if (url.startsWith('/agent/')) return { schema: { ...schema, hide: true }, url }
        const demand = route.config?.demand ?? 'admin'
        return {
          schema: {
            ...schema,
            ...(route.config?.readsBody ? { body: route.config.readsBody } : {}),
            operationId: operationOf(url, route.method),
            ...(demand === 'anyone' || demand === 'self'
              ? { security: [] }
              : { security: [{ token: [] }, { login: [] }] })
          },
          url
        }
      }
    })

    app.get(
      '/openapi.json',
      {
        config: { demand: 'read' },
        schema: {
          summary: 'This description',
          tags: ['hub'],
          response: { 200: Type.Record(Type.String(), Type.Unknown(), { description: 'OpenAPI 3.1' }) }
        }
      },
      () => app.swagger()
    )
  },
  { name: 'openapi' }
)

/** GET "/api/logs/:id/context" → "logs-id-context"; other methods stand before it. */
function operationOf(url: string, method: string | string[]): string {
  const name = url
    .replace(/^\/api/, '')
    .split(/[/:.]+/)
    .filter((part) => part !== '')
    .join('-')
  const [first = 'GET'] = [method].flat()
  return first === 'GET' || first === 'HEAD' ? name : `${first.toLowerCase()}-${name}`
}
