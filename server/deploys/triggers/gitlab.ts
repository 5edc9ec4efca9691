/** GitLab: hooks of projects and groups. `object_kind` in the body says the same as X-Gitlab-Event. */
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { quoted, type Told } from './event.ts'
import { type Call, checked } from './reading.ts'
import { refOf } from './refs.ts'

const Project = Type.Object({ path_with_namespace: Type.String() })

const KIND = Compile(Type.Object({ object_kind: Type.String() }))
const PUSH = Compile(
  Type.Object({
    ref: Type.String(),
    after: Type.String(),
    /** Of a tag with a message this is the commit, and `after` the tag. */
    checkout_sha: Type.Union([Type.String(), Type.Null()]),
    project: Project,
    user_username: Type.Optional(Type.String()),
    user_name: Type.Optional(Type.String())
  })
)
const PIPELINE = Compile(
  Type.Object({
    object_attributes: Type.Object({
      ref: Type.String(),
      tag: Type.Boolean(),
      sha: Type.String(),
      status: Type.String(),
      source: Type.String(),
      name: Type.Optional(Type.Union([Type.String(), Type.Null()]))
    }),
    project: Project,
    user: Type.Optional(Type.Object({ username: Type.String() }))
  })
)
const RELEASE = Compile(
  Type.Object({
    action: Type.String(),
    tag: Type.String(),
    project: Project,
    commit: Type.Object({ id: Type.String() })
  })
)

/** Nothing more is going to come of a pipeline then. */
const OVER = ['success', 'failed', 'canceled', 'skipped']

export function readGitlab({ body }: Call): Told[] {
  const { object_kind: kind } = checked(KIND, body)
  switch (kind) {
    case 'push':
    case 'tag_push':
      return [push(body)]
    case 'pipeline':
      return [pipeline(body)]
    case 'release':
      return [release(body)]
    default:
      return [{ text: quoted(kind), why: 'nothing is deployed for this kind of event' }]
  }
}

function push(body: unknown): Told {
  const { ref, after, checkout_sha: commit, project, user_username, user_name } = checked(PUSH, body)
  const by = user_username ?? user_name
  return refOf({ ref, commit: commit ?? after, repository: project.path_with_namespace, by })
}

/** A merge request may come from a fork, and its branch have any name, so what ran for it is never deployed. */
function pipeline(body: unknown): Told {
  const { object_attributes: ran, project, user } = checked(PIPELINE, body)
  const text = `pipeline of ${ran.tag ? 'tag' : 'branch'} ${quoted(ran.ref)}: ${ran.status}`
  if (!OVER.includes(ran.status)) return { text, why: 'it is not over yet' }
  if (ran.status !== 'success') return { text, why: `it ended as ${ran.status}` }
  if (/merge_request|external_pull_request/.test(ran.source))
    return { text, why: 'it ran for a merge request' }
  return {
    text,
    event: {
      ...{ kind: 'pipeline', repository: project.path_with_namespace, commit: ran.sha },
      ...(ran.tag ? { tag: ran.ref } : { branch: ran.ref }),
      ...(ran.name ? { job: ran.name } : {}),
      ...(user ? { by: user.username } : {})
    }
  }
}

function release(body: unknown): Told {
  const { action, tag, project, commit } = checked(RELEASE, body)
  const text = `release ${quoted(tag)}: ${action}`
  if (action !== 'create') return { text, why: 'it is not the moment at which it is published' }
  return {
    text,
    event: { kind: 'release', repository: project.path_with_namespace, tag, commit: commit.id }
  }
}
