/** Questions and answers about definitions over HTTP. */
import { type Static, Type } from 'typebox'
import { AppName, Wanted } from './definition.ts'
import { KeptDefinition } from './definitions.ts'
import { DefinitionChange } from './diff.ts'

const Version = Type.Integer({ minimum: 1, maximum: 99_999_999 })
const Image = Type.String({ minLength: 1, maxLength: 512, description: 'tag, digest or whole reference' })
const Diff = {
  diff: Type.Array(DefinitionChange),
  /** The same, a line each. */
  text: Type.String()
}

export const AppParams = Type.Object({ app: AppName })

export const PostAppQuery = Type.Object({
  dryRun: Type.Optional(Type.Boolean({ description: 'only check, and say what would be other' }))
})

export const PostedAnswer = Type.Object({
  app: AppName,
  /** The newest one now; with `dryRun` perhaps 0, none. */
  version: Type.Integer({ minimum: 0 }),
  /** False where the newest version says the same. */
  changed: Type.Boolean(),
  ...Diff
})
export type PostedAnswer = Static<typeof PostedAnswer>

export const VersionQuery = Type.Object({ version: Type.Optional(Version) })

export const AppAnswer = Type.Object({
  ...KeptDefinition.properties,
  /** By environment: what it is with that one's words laid over. */
  wanted: Type.Record(AppName, Wanted)
})
export type AppAnswer = Static<typeof AppAnswer>

const { definition: _, ...Kept } = KeptDefinition.properties

const DefinitionSummary = Type.Object({
  ...Kept,
  image: Type.String(),
  environments: Type.Array(AppName)
})

export const DefinitionsAnswer = Type.Object({ definitions: Type.Array(DefinitionSummary) })
export type DefinitionsAnswer = Static<typeof DefinitionsAnswer>

export const VersionsAnswer = Type.Object({ app: AppName, versions: Type.Array(DefinitionSummary) })
export type VersionsAnswer = Static<typeof VersionsAnswer>

export const DiffQuery = Type.Object({
  from: Type.Optional({ ...Version, description: 'default: the one before `to`' }),
  to: Type.Optional({ ...Version, description: 'default: the newest' }),
  environment: Type.Optional({ ...AppName, description: 'compare what is wanted there' }),
  toEnvironment: Type.Optional({
    ...AppName,
    description: 'compare with what is wanted there, within one version'
  })
})

const DiffSide = Type.Object({ version: Version, environment: Type.Optional(AppName) })

export const DiffAnswer = Type.Object({ app: AppName, from: DiffSide, to: DiffSide, ...Diff })
export type DiffAnswer = Static<typeof DiffAnswer>

export const ComposeQuery = Type.Object({
  environment: AppName,
  kind: Type.Union([Type.Literal('compose'), Type.Literal('rancher')], { default: 'compose' }),
  version: Type.Optional(Version),
  image: Type.Optional(Image)
})
