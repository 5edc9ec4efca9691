import type { FastifyRequest } from 'fastify'
import type { By } from './deploys/deploy.ts'

/** Who asked. On an open hub nobody has a name. */
export function byOf({ caller }: Pick<FastifyRequest, 'caller'>): By {
  const { kind, name = '' } = caller
  if (kind === 'token') return { kind, name }
  return { kind: 'person', name: kind === 'login' ? name : 'anyone' }
}
