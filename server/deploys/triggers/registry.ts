/** Registries: Docker Distribution's envelopes, Harbor's webhooks in both its formats, and Docker Hub's. */
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { quoted, type Told } from './event.ts'
import { type Call, checked } from './reading.ts'

const ENVELOPE = Compile(
  Type.Object({
    events: Type.Array(
      Type.Object({
        id: Type.String(),
        action: Type.String(),
        target: Type.Object({
          mediaType: Type.Optional(Type.String()),
          digest: Type.Optional(Type.String()),
          repository: Type.Optional(Type.String()),
          tag: Type.Optional(Type.String())
        }),
        actor: Type.Optional(Type.Object({ name: Type.Optional(Type.String()) }))
      }),
      { maxItems: 1000 }
    )
  })
)

/** An envelope holds events that have nothing to do with each other, layers among them. */
export function readRegistry({ body }: Call): Told[] {
  return checked(ENVELOPE, body).events.map(({ id, action, target, actor }) => {
    const { repository = '', tag, digest } = target
    const told = { id, text: `${action} of ${quoted(repository)}` }
    if (action !== 'push') return { ...told, why: 'only what is pushed is deployed' }
    if (tag === undefined)
      return { ...told, why: 'it has no tag (a layer, or a part of an image for one platform)' }
    return {
      ...{ ...told, text: `${told.text} as ${quoted(tag)}` },
      event: {
        ...{ kind: 'image', repository, tag },
        ...(digest === undefined ? {} : { digest }),
        ...(actor?.name ? { by: actor.name } : {})
      }
    }
  })
}

const Pushed = Type.Object({
  resources: Type.Array(
    Type.Object({ digest: Type.Optional(Type.String()), tag: Type.Optional(Type.String()) }),
    { maxItems: 1000 }
  ),
  repository: Type.Object({ repo_full_name: Type.String() })
})
const HARBOR = Compile(
  Type.Object({
    /** Of a CloudEvent. */
    id: Type.Optional(Type.String()),
    type: Type.String(),
    operator: Type.Optional(Type.String())
  })
)
const EVENT_DATA = Compile(Type.Object({ event_data: Pushed }))
const DATA = Compile(Type.Object({ data: Pushed }))

export function readHarbor({ body }: Call): Told[] {
  const { id, type, operator: by } = checked(HARBOR, body)
  const named = id === undefined ? {} : { id }
  const isCloud = type === 'harbor.artifact.pushed'
  if (!isCloud && type !== 'PUSH_ARTIFACT')
    return [{ ...named, text: quoted(type), why: 'only what is pushed is deployed' }]
  const { resources, repository } = isCloud ? checked(DATA, body).data : checked(EVENT_DATA, body).event_data
  const { repo_full_name: path } = repository
  return resources.map(({ digest, tag = '' }, index) => {
    const told = {
      ...(id === undefined ? {} : { id: `${id}/${index}` }),
      text: `push of ${quoted(path)} as ${quoted(tag)}`
    }
    // Where an image has no tag, Harbor writes its digest there.
    if (tag === '' || tag.startsWith('sha256:')) return { ...told, why: 'it has no tag' }
    return {
      ...told,
      event: {
        ...{ kind: 'image', repository: path, tag },
        ...(digest === undefined ? {} : { digest }),
        ...(by === undefined ? {} : { by })
      }
    }
  })
}

const DOCKER_HUB = Compile(
  Type.Object({
    push_data: Type.Object({ tag: Type.String(), pusher: Type.Optional(Type.String()) }),
    repository: Type.Object({ repo_name: Type.String() })
  })
)

export function readDockerhub({ body }: Call): Told[] {
  const { push_data: pushed, repository } = checked(DOCKER_HUB, body)
  const { tag, pusher: by } = pushed
  const { repo_name: path } = repository
  return [
    {
      text: `push of ${quoted(path)} as ${quoted(tag)}`,
      event: { kind: 'image', repository: path, tag, ...(by === undefined ? {} : { by }) }
    }
  ]
}
