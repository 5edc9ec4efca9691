/** Logging in, tokens and keys of hosts. */
import { type Static, Type } from 'typebox'
import { Time } from './times.ts'

const ScopeName = Type.Union([
  Type.Literal('read'),
  Type.Literal('deploy'),
  Type.Literal('agent'),
  Type.Literal('admin')
])

/** POST /api/session: a token for a cookie. */
export const LoginBody = Type.Object({ token: Type.String({ minLength: 1, maxLength: 512 }) })
export const SessionAnswer = Type.Object({
  /** Of the token. */
  name: Type.String(),
  scopes: Type.Array(ScopeName),
  expires: Time
})
export type SessionAnswer = Static<typeof SessionAnswer>

/** A token without its secret. `lastUsed` is right to within an hour. */
export const TokenJson = Type.Object({
  id: Type.String(),
  name: Type.String(),
  scopes: Type.Array(ScopeName),
  created: Time,
  expires: Type.Optional(Time),
  lastUsed: Type.Optional(Time)
})
export type TokenJson = Static<typeof TokenJson>

/** GET, POST /api/tokens, DELETE /api/tokens/:id */
export const TokensAnswer = Type.Object({ tokens: Type.Array(TokenJson) })
export type TokensAnswer = Static<typeof TokensAnswer>
export const IssueTokenBody = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 100, pattern: '^[^\\u0000-\\u001f\\u007f]+$' }),
    scopes: Type.Array(ScopeName, { minItems: 1, maxItems: 4 }),
    /** Absent: until it is revoked. */
    expiresDays: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 36_500 }))
  },
  { additionalProperties: false }
)
export type IssueTokenBody = Static<typeof IssueTokenBody>
export const IssuedTokenJson = Type.Object({
  ...TokenJson.properties,
  /** Shown this once. */
  token: Type.String()
})
export type IssuedTokenJson = Static<typeof IssuedTokenJson>
/** `revoked` is the id of the token, or the host. */
export const RevokedAnswer = Type.Object({ revoked: Type.String(), name: Type.String() })
export type RevokedAnswer = Static<typeof RevokedAnswer>

/** GET /api/host-keys, DELETE /api/host-keys/:host. `lastUsed` is when the host's agent was last heard. */
export const HostKeysAnswer = Type.Object({
  keys: Type.Array(
    Type.Object({
      host: Type.String(),
      name: Type.String(),
      created: Type.Optional(Time),
      lastUsed: Type.Optional(Time)
    })
  )
})
export type HostKeysAnswer = Static<typeof HostKeysAnswer>
