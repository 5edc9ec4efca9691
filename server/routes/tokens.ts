/** Tokens of people and programs, and the keys of hosts: issued, listed, revoked. */
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import type { Access, TokenInfo } from '../../collector/access.ts'
import {
  HostKeysAnswer,
  IssuedTokenJson,
  IssueTokenBody,
  RevokedAnswer,
  type TokenJson,
  TokensAnswer
} from '../api/access.ts'
import { ErrorJson } from '../api/error.ts'
import { HostKeyNotFoundError, TokenLimitError, TokenNotFoundError } from '../errors.ts'
import type { FleetView } from '../fleet-view.ts'
import { formatMs } from '../times.ts'

const MOST_TOKENS = 1000
const DAY_MS = 86_400_000

interface TokensOptions {
  access: Access
  fleet: Pick<FleetView, 'hosts'>
  nowMs: () => number
}

const routes: FastifyPluginAsyncTypebox<TokensOptions> = async (app, { access, fleet, nowMs }) => {
  app.get(
    '/tokens',
    {
      config: { demand: 'admin' },
      schema: {
        summary: 'Every token, without its secret',
        tags: ['access'],
        querystring: Type.Object({}),
        response: { 200: TokensAnswer, '4xx': ErrorJson }
      }
    },
    () => ({ tokens: access.list().map(tokenJson) })
  )

  app.post(
    '/tokens',
    {
      config: { demand: 'admin' },
      schema: {
        summary: 'Issues a token; its secret is in this answer and nowhere else',
        tags: ['access'],
        body: IssueTokenBody,
        response: { 201: IssuedTokenJson, '4xx': ErrorJson }
      }
    },
    async (request, reply) => {
      const { name, scopes, expiresDays } = request.body
      if (access.list().length >= MOST_TOKENS) throw new TokenLimitError(MOST_TOKENS)
      const issued = await access.issue({
        ...{ name, scopes: [...new Set(scopes)] },
        ...(expiresDays === undefined ? {} : { expiresMs: nowMs() + Math.round(expiresDays * DAY_MS) })
      })
      request.log.info({ ...by(request), id: issued.id, name, scopes }, 'a token was issued')
      return reply.code(201).send({ ...tokenJson(issued), token: issued.token })
    }
  )

  app.delete(
    '/tokens/:id',
    {
      config: { demand: 'admin' },
      schema: {
        summary: 'Revokes a token; logins and live tails that it opened end',
        tags: ['access'],
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        response: { 200: RevokedAnswer, '4xx': ErrorJson }
      }
    },
    async (request) => {
      const { id } = request.params
      const known = access.list().find((token) => token.id === id)
      if (!known || !(await access.revoke(id))) throw new TokenNotFoundError(id)
      request.log.info({ ...by(request), id, name: known.name }, 'a token was revoked')
      return { revoked: id, name: known.name }
    }
  )

  app.get(
    '/host-keys',
    {
      config: { demand: 'admin' },
      schema: {
        summary: 'Hosts that have a key of their own',
        tags: ['access'],
        querystring: Type.Object({}),
        response: { 200: HostKeysAnswer, '4xx': ErrorJson }
      }
    },
    () => {
      const hosts = new Map(fleet.hosts().map((host) => [host.host, host]))
      const keys = access.listHostKeys().map(({ host, createdMs }) => {
        const known = hosts.get(host)
        return {
          ...{ host, name: known?.name ?? '' },
          ...(createdMs === undefined ? {} : { created: formatMs(createdMs) }),
          ...(known?.seen === undefined ? {} : { lastUsed: known.seen })
        }
      })
      return { keys }
    }
  )

  app.delete(
    '/host-keys/:host',
    {
      config: { demand: 'admin' },
      schema: {
        summary: "Revokes a host's key: its agent must join anew",
        tags: ['access'],
        params: Type.Object({ host: Type.String({ maxLength: 128 }) }),
        response: { 200: RevokedAnswer, '4xx': ErrorJson }
      }
    },
    async (request) => {
      const { host } = request.params
      const name = fleet.hosts().find((known) => known.host === host)?.name ?? ''
      if (!(await access.revokeHostKey(host))) throw new HostKeyNotFoundError(host)
      request.log.info({ ...by(request), host, name }, "a host's key was revoked")
      return { revoked: host, name }
    }
  )
}

export default routes

function tokenJson({ id, name, scopes, createdMs, expiresMs, usedMs }: TokenInfo): TokenJson {
  return {
    ...{ id, name, scopes, created: formatMs(createdMs) },
    ...(expiresMs === undefined ? {} : { expires: formatMs(expiresMs) }),
    ...(usedMs === undefined ? {} : { lastUsed: formatMs(usedMs) })
  }
}

/** Who did it, for the log. */
function by({ caller, ip }: FastifyRequest) {
  const { kind, id, name } = caller
  return {
    by: { kind, ...(id === undefined ? {} : { id }), ...(name === undefined ? {} : { name }), address: ip }
  }
}
