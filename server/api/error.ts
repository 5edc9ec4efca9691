/** How the API refuses. */
import { type Static, Type } from 'typebox'
import { DefinitionProblem } from '../deploys/definition.ts'

/** Every refusal. `from`/`to` mark the place in `q` for DRIFTLOG_QUERY; `fix` is a replacement of that place. */
export const ErrorJson = Type.Object({
  code: Type.String(),
  message: Type.String(),
  statusCode: Type.Integer(),
  detail: Type.Optional(Type.String({ description: 'code of the query error, e.g. unclosed-quote' })),
  from: Type.Optional(Type.Integer()),
  to: Type.Optional(Type.Integer()),
  fix: Type.Optional(Type.String()),
  /** Of a definition: everything that is wrong with it, by place. */
  problems: Type.Optional(Type.Array(DefinitionProblem))
})
export type ErrorJson = Static<typeof ErrorJson>
