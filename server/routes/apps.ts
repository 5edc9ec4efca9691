/** Definitions of apps: posted, read, compared, and as the files of compose. */
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { ErrorJson } from '../api/error.ts'
import { byOf } from '../by.ts'
import {
  AppAnswer,
  AppParams,
  ComposeQuery,
  DefinitionsAnswer,
  DiffAnswer,
  DiffQuery,
  PostAppQuery,
  PostedAnswer,
  VersionQuery,
  VersionsAnswer
} from '../deploys/apps-api.ts'
import { composeOf } from '../deploys/compose.ts'
import { AppDefinition, type Wanted } from '../deploys/definition.ts'
import { checkedDefinition } from '../deploys/definition-problems.ts'
import { LONGEST_TEXT_BYTES, readDefinitionText } from '../deploys/definition-text.ts'
import type { Definitions, KeptDefinition } from '../deploys/definitions.ts'
import { diffOf, diffText } from '../deploys/diff.ts'
import { DefinitionNotFoundError, EnvironmentsError } from '../deploys/errors.ts'
import { referenceOf } from '../deploys/image.ts'
import { rancherComposeOf } from '../deploys/rancher.ts'
import { layOver, wantedOf } from '../deploys/wanted.ts'

export interface AppsOptions {
  definitions: Definitions
  /** Patterns of images that may be deployed. */
  images: readonly string[]
}

const YAML_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml']

/** What was posted, and which language it is in. */
interface Posted {
  text: string
  kind: 'yaml' | 'json'
}

const routes: FastifyPluginAsyncTypebox<AppsOptions> = async (app, { definitions, images }) => {
  app.removeContentTypeParser('text/plain')
  // Both are read here: an error is to name its line.
  const parse = { parseAs: 'string', bodyLimit: 2 * LONGEST_TEXT_BYTES } as const
  app.addContentTypeParser(YAML_TYPES, parse, async (_: unknown, text: unknown) => ({
    ...{ text: String(text), kind: 'yaml' }
  }))
  app.addContentTypeParser('application/json', parse, async (_: unknown, text: unknown) => ({
    ...{ text: String(text), kind: 'json' }
  }))

  app.get(
    '/definitions',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'The newest definition of each app, in short',
        tags: ['deploys'],
        querystring: Type.Object({}),
        response: { 200: DefinitionsAnswer, '4xx': ErrorJson }
      }
    },
    async () => ({ definitions: (await definitions.list()).map(summaryOf) })
  )

  app.post(
    '/apps/:app',
    {
      config: { demand: 'deploy', readsBody: AppDefinition },
      bodyLimit: 2 * LONGEST_TEXT_BYTES,
      schema: {
        summary:
          'Takes a definition, in YAML (application/yaml) or JSON; what is other than before is a new version',
        tags: ['deploys'],
        consumes: [...YAML_TYPES, 'application/json'],
        params: AppParams,
        querystring: PostAppQuery,
        response: { 200: PostedAnswer, 201: PostedAnswer, '4xx': ErrorJson }
      }
    },
    async (request, reply) => {
      const { app: name } = request.params
      const { text, kind } = (request.body ?? { text: '', kind: 'json' }) as Posted
      const { value, placeOf } = readDefinitionText(text, kind)
      const definition = checkedDefinition(value, { allowed: images, placeOf })
      const newest = await definitions.newest(name)
      if (request.query.dryRun) {
        const diff = diffOf(newest?.definition ?? {}, definition)
        return {
          app: name,
          version: newest?.version ?? 0,
          changed: diff.length > 0,
          diff,
          text: diffText(diff)
        }
      }
      const by = byOf(request)
      const { version, changed } = await definitions.put(name, definition, by)
      const before = version > 1 && changed ? await definitions.version(name, version - 1) : undefined
      const diff = changed ? diffOf(before?.definition ?? {}, definition) : []
      if (changed) request.log.info({ by, app: name, version }, 'a definition was posted')
      return reply.code(changed ? 201 : 200).send({ app: name, version, changed, diff, text: diffText(diff) })
    }
  )

  app.get(
    '/apps/:app',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'A definition as it was posted, and what it wants in each environment',
        tags: ['deploys'],
        params: AppParams,
        querystring: VersionQuery,
        response: { 200: AppAnswer, '4xx': ErrorJson }
      }
    },
    async (request) => {
      const kept = await definitions.find(request.params.app, request.query.version)
      const names = Object.keys(kept.definition.environments)
      return {
        ...kept,
        wanted: Object.fromEntries(names.map((name) => [name, wordsIn(kept, name)]))
      }
    }
  )

  app.get(
    '/apps/:app/versions',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'Versions of a definition that are kept, newest first',
        tags: ['deploys'],
        params: AppParams,
        querystring: Type.Object({}),
        response: { 200: VersionsAnswer, '4xx': ErrorJson }
      }
    },
    async (request) => {
      const { app: name } = request.params
      const versions = await definitions.versions(name)
      if (versions.length === 0) throw new DefinitionNotFoundError(name)
      return { app: name, versions: versions.reverse().map(summaryOf) }
    }
  )

  app.get(
    '/apps/:app/diff',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'What is other in one version, or in one environment, than in another',
        tags: ['deploys'],
        params: AppParams,
        querystring: DiffQuery,
        response: { 200: DiffAnswer, '4xx': ErrorJson }
      }
    },
    async (request) => {
      const { app: name } = request.params
      const { environment, toEnvironment } = request.query
      if (environment === undefined && toEnvironment !== undefined) throw new EnvironmentsError()
      const to = await definitions.find(name, request.query.to)
      // Two environments are compared within one version, unless another one is asked for.
      const standard = toEnvironment === undefined ? Math.max(1, to.version - 1) : to.version
      const from = await definitions.find(name, request.query.from ?? standard)
      const diff = diffOf(sideOf(from, environment), sideOf(to, toEnvironment ?? environment))
      return {
        app: name,
        from: { version: from.version, ...(environment === undefined ? {} : { environment }) },
        to: {
          version: to.version,
          ...(environment === undefined ? {} : { environment: toEnvironment ?? environment })
        },
        diff,
        text: diffText(diff)
      }
    }
  )

  app.get(
    '/apps/:app/compose',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'docker-compose.yml, or rancher-compose.yml, of an app in one environment',
        tags: ['deploys'],
        produces: ['application/yaml'],
        params: AppParams,
        querystring: ComposeQuery,
        response: { 200: Type.String(), '4xx': ErrorJson }
      }
    },
    async (request, reply) => {
      const { environment, kind, image } = request.query
      const {
        app: name,
        version,
        definition
      } = await definitions.find(request.params.app, request.query.version)
      const wanted = wantedOf(definition, environment)
      const rendered = {
        app: name,
        environment,
        version,
        wanted,
        reference: referenceOf(wanted.image, image)
      }
      const file = kind === 'rancher' ? 'rancher-compose.yml' : 'docker-compose.yml'
      return reply
        .type('application/yaml; charset=utf-8')
        .header('content-disposition', `inline; filename="${file}"`)
        .serializer(String)
        .send(kind === 'rancher' ? rancherComposeOf(rendered) : composeOf(rendered))
    }
  )

  app.delete(
    '/apps/:app',
    {
      config: { demand: 'deploy' },
      schema: {
        summary: 'Removes the definition of an app that runs nowhere; what its deploys did stays on record',
        tags: ['deploys'],
        params: AppParams,
        response: { 200: Type.Object({ removed: Type.String() }), '4xx': ErrorJson }
      }
    },
    async (request) => {
      const { app: name } = request.params
      await definitions.remove(name)
      request.log.info({ by: byOf(request), app: name }, 'a definition was removed')
      return { removed: name }
    }
  )
}

export default routes

function summaryOf({ definition, ...kept }: KeptDefinition) {
  return { ...kept, image: definition.image, environments: Object.keys(definition.environments) }
}

function sideOf(kept: KeptDefinition, environment: string | undefined): AppDefinition | object {
  return environment === undefined ? kept.definition : wordsIn(kept, environment)
}

/** Not checked again: what is kept can be read, also by a hub that would not take it any more. */
function wordsIn({ definition }: KeptDefinition, environment: string): Wanted {
  return layOver(definition, environment) as Wanted
}
