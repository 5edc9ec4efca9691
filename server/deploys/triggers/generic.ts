/** Whatever can send JSON of this shape: scripts, pipelines, other products' own templates. */
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { quoted, type Told } from './event.ts'
import { type Call, checked } from './reading.ts'
import { EVENT_KINDS } from './trigger.ts'

const Name = Type.Optional(Type.String())
const EVENT = Compile(
  Type.Object(
    {
      event: Type.Enum([...EVENT_KINDS]),
      repository: Name,
      branch: Name,
      tag: Name,
      commit: Name,
      digest: Name,
      job: Name,
      by: Name
    },
    { additionalProperties: false }
  )
)

export function readGeneric({ body }: Call): Told[] {
  const { event: kind, ...event } = checked(EVENT, body)
  const what = event.tag ?? event.branch ?? event.digest ?? event.repository ?? ''
  return [{ text: `${kind} of ${quoted(what)}`, event: { kind, ...event } }]
}
