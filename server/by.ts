import type { FastifyRequest } from 'fastify'
import type { By } from './deploys/deploy.ts'

/** Who asked. On an open hub nobody has a name. */
export function byOf({ caller }: Pick<FastifyRequest, 'caller'>): By {
  const { kind, name = '', id } = caller
  const named = { name, ...(id === undefined ? {} : { id }) }
  if (kind === 'token') return { kind, ...named }
  return kind === 'login' ? { kind: 'person', ...named } : { kind: 'person', name: 'anyone' }
}
