/** Jenkins: what the Notification plugin sends. It has neither signature nor name for a delivery. */
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { quoted, type Told } from './event.ts'
import { type Call, checked } from './reading.ts'

const BUILD = Compile(
  Type.Object({
    name: Type.String(),
    build: Type.Object({
      full_url: Type.Optional(Type.String()),
      number: Type.Number(),
      phase: Type.String(),
      status: Type.Optional(Type.String()),
      scm: Type.Optional(
        Type.Object({
          url: Type.Optional(Type.String()),
          branch: Type.Optional(Type.String()),
          commit: Type.Optional(Type.String())
        })
      )
    })
  })
)

/** COMPLETED comes before what is done after a build, FINALIZED behind it: only one of them may count. */
const COUNTED = 'FINALIZED'
const BEFORE = ['QUEUED', 'STARTED', 'COMPLETED']

export function readJenkins({ body }: Call): Told[] {
  const { name, build } = checked(BUILD, body)
  const { number, phase, status = '', scm = {}, full_url: url } = build
  const told = {
    id: `${url ?? name}#${number}/${phase}`,
    text: `job ${quoted(name)} #${number}: ${phase} ${status}`
  }
  if (BEFORE.includes(phase)) return [{ ...told, why: `it is not over yet; ${COUNTED} is waited for` }]
  if (phase !== COUNTED) return [{ ...told, why: `${quoted(phase)} is no phase that counts` }]
  if (status !== 'SUCCESS') return [{ ...told, why: `it ended as ${status || 'nothing'}` }]
  const branch = scm.branch?.replace(/^(?:refs\/(?:remotes|heads)\/)?(?:origin\/)?/, '')
  return [
    {
      ...told,
      event: {
        ...{ kind: 'pipeline', job: name },
        ...(branch === undefined ? {} : { branch }),
        ...(scm.commit === undefined ? {} : { commit: scm.commit }),
        ...(scm.url === undefined ? {} : { repository: pathOf(scm.url) })
      }
    }
  ]
}

/** https://example.org/shop/orders.git and git@example.org:shop/orders.git → shop/orders */
function pathOf(url: string): string {
  const path = URL.canParse(url) ? new URL(url).pathname : url.replace(/^[^:]*:/, '')
  return path.replace(/^\/+/, '').replace(/\.git$/, '')
}
