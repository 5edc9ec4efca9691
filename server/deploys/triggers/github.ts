/** GitHub: X-GitHub-Event names the event, X-GitHub-Delivery the delivery. */
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { quoted, type Told } from './event.ts'
import { type Call, checked } from './reading.ts'
import { refOf } from './refs.ts'

const Repository = Type.Object({ id: Type.Number(), full_name: Type.String() })
const By = Type.Optional(Type.Object({ login: Type.String() }))

const PUSH = Compile(
  Type.Object({
    ref: Type.String(),
    after: Type.String(),
    deleted: Type.Boolean(),
    repository: Repository,
    sender: By
  })
)
const RUN = Compile(
  Type.Object({
    action: Type.String(),
    repository: Repository,
    workflow: Type.Object({ name: Type.String() }),
    workflow_run: Type.Object({
      event: Type.String(),
      conclusion: Type.Union([Type.String(), Type.Null()]),
      head_branch: Type.Union([Type.String(), Type.Null()]),
      head_sha: Type.String(),
      head_repository: Type.Object({ id: Type.Number() })
    }),
    sender: By
  })
)
const RELEASE = Compile(
  Type.Object({
    action: Type.String(),
    repository: Repository,
    release: Type.Object({ tag_name: Type.String(), prerelease: Type.Boolean() }),
    sender: By
  })
)
const PACKAGE = Compile(
  Type.Object({
    action: Type.String(),
    registry_package: Type.Object({
      name: Type.String(),
      namespace: Type.String(),
      package_version: Type.Object({
        version: Type.String(),
        container_metadata: Type.Optional(Type.Object({ tag: Type.Object({ name: Type.String() }) }))
      })
    }),
    sender: By
  })
)

export function readGithub({ headers, body }: Call): Told[] {
  const kind = String(headers['x-github-event'] ?? '')
  switch (kind) {
    case 'ping':
      return [{ text: 'ping', why: 'GitHub only says that it is there' }]
    case 'push':
      return [push(body)]
    case 'workflow_run':
      return [run(body)]
    case 'release':
      return [release(body)]
    case 'registry_package':
      return [pushedPackage(body)]
    default:
      return [{ text: quoted(kind), why: 'nothing is deployed for this kind of event' }]
  }
}

function push(body: unknown): Told {
  const { ref, after, deleted, repository, sender } = checked(PUSH, body)
  const told = refOf({ ref, commit: after, repository: repository.full_name, by: sender?.login })
  return deleted ? { text: told.text, why: 'it was deleted' } : told
}

/** A pull request from a fork may have a branch of any name, main included, so what it ran is never deployed. */
function run(body: unknown): Told {
  const { action, repository, workflow, workflow_run: ran, sender } = checked(RUN, body)
  const { conclusion, event, head_branch: branch, head_sha: commit, head_repository: head } = ran
  const text = `workflow ${quoted(workflow.name)} ${action} on ${quoted(branch ?? '')}`
  if (action !== 'completed') return { text, why: 'it is not over yet' }
  if (conclusion !== 'success') return { text, why: `it ended with ${conclusion ?? 'nothing'}` }
  if (head.id !== repository.id || event.startsWith('pull_request'))
    return { text, why: 'it ran for a pull request' }
  if (branch === null) return { text, why: 'it ran for no branch' }
  const by = sender ? { by: sender.login } : {}
  return {
    text,
    event: { kind: 'pipeline', repository: repository.full_name, branch, commit, job: workflow.name, ...by }
  }
}

function release(body: unknown): Told {
  const { action, repository, release: made, sender } = checked(RELEASE, body)
  const text = `release ${quoted(made.tag_name)} ${action}`
  // Drafts are told as created; both `released` and `prereleased` come beside `published`.
  if (action !== 'published') return { text, why: 'it is not the moment at which it is published' }
  if (made.prerelease) return { text, why: 'it is a pre-release' }
  const by = sender ? { by: sender.login } : {}
  return { text, event: { kind: 'release', repository: repository.full_name, tag: made.tag_name, ...by } }
}

function pushedPackage(body: unknown): Told {
  const { action, registry_package: made, sender } = checked(PACKAGE, body)
  const { version, container_metadata: container } = made.package_version
  const repository = `${made.namespace}/${made.name}`.toLowerCase()
  const tag = container?.tag.name ?? ''
  const text = `package ${quoted(repository)} ${action}`
  if (!container) return { text, why: 'it is no image' }
  if (tag === '') return { text, why: 'it has no tag' }
  const digest = version.startsWith('sha256:') ? { digest: version } : {}
  const by = sender ? { by: sender.login } : {}
  return { text: `${text} as ${quoted(tag)}`, event: { kind: 'image', repository, tag, ...digest, ...by } }
}
