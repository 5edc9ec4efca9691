/**
 * An app as it is to be deployed: what people write, in YAML or JSON (docs/deploys.md). Every environment may lay its own
 * words over those of the app: maps are merged name by name, everything else is replaced; `null` takes a thing away.
 */
import { type Static, Type } from 'typebox'

/** Part of the names of containers, of files and of addresses: letters, digits and dashes. */
export const AppName = Type.String({ pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' })

const Line = Type.String({ maxLength: 4096 })
const Seconds = Type.Number({ minimum: 0.1, maximum: 3600 })
const Variable = '^[A-Za-z_][A-Za-z0-9_]{0,127}$'
const closed = { additionalProperties: false }

const Health = Type.Object(
  {
    http: Type.Optional(
      Type.Object(
        {
          path: Type.String({ pattern: '^/', maxLength: 1024 }),
          status: Type.Optional(Type.Integer({ minimum: 100, maximum: 599 }))
        },
        closed
      )
    ),
    tcp: Type.Optional(Type.Literal(true)),
    command: Type.Optional(Type.Array(Line, { minItems: 1, maxItems: 64 })),
    /** Regular expression. */
    log: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
    everySeconds: Type.Optional(Seconds),
    timeoutSeconds: Type.Optional(Seconds),
    /** So long after its start an instance must be healthy. */
    withinSeconds: Type.Optional(Seconds),
    successes: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 }))
  },
  closed
)

const Secret = Type.Union([
  Type.Object({ file: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$' }) }, closed),
  Type.Object({ env: Type.String({ pattern: '^[A-Z][A-Z0-9_]{0,127}$' }) }, closed)
])

const Volume = Type.Object(
  {
    source: Type.String({ minLength: 1, maxLength: 1024 }),
    target: Type.String({ pattern: '^/', maxLength: 1024 }),
    readOnly: Type.Optional(Type.Boolean())
  },
  closed
)

const Resources = Type.Object(
  {
    cpus: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1024 })),
    memoryMiB: Type.Optional(Type.Integer({ minimum: 4, maximum: 16_777_216 })),
    pids: Type.Optional(Type.Integer({ minimum: 1, maximum: 4_194_304 }))
  },
  closed
)

const Placement = Type.Object(
  {
    /** Only hosts that have all of these labels. */
    labels: Type.Optional(Type.Record(Type.String({ maxLength: 255 }), Type.String({ maxLength: 255 }))),
    /** Instances are spread evenly over the values of this label; `host` over hosts. Default: host. */
    spread: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    /** Never two on one host, also where there are fewer hosts than replicas. */
    onePerHost: Type.Optional(Type.Boolean())
  },
  closed
)

const Logs = Type.Object(
  {
    maxSizeMiB: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_240 })),
    maxFiles: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
    /** Patterns of log files inside of the container, as in the label driftlog.files. */
    files: Type.Optional(Type.Array(Type.String({ pattern: '^/', maxLength: 1024 }), { maxItems: 32 }))
  },
  closed
)

/** How one set of instances takes the place of another. */
const Rollout = Type.Object(
  {
    /** So many slots are being replaced at a time. Default: 1. */
    maxUnavailable: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
    /** Pause after the first slot, or after every one, until somebody lets the deploy go on. */
    breakpoint: Type.Optional(Type.Union([Type.Literal('first'), Type.Literal('each')])),
    /** What may come into this environment: only what ran well in that one. */
    from: Type.Optional(AppName),
    /** Names of checks that CI must have reported as passed for the deploy in `from`. */
    checks: Type.Optional(
      Type.Array(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$' }), { maxItems: 32 })
    ),
    /** A person must say yes, and not the one who asked for it. */
    approval: Type.Optional(Type.Boolean())
  },
  closed
)

const Parts = {
  /** Without a tag: each deploy names one, or `latest` counts. */
  image: Type.String({ minLength: 1, maxLength: 512 }),
  entrypoint: Type.Optional(Type.Array(Line, { maxItems: 256 })),
  /** A list, or one line that is cut at blanks as a shell would, without a shell. */
  command: Type.Optional(Type.Union([Line, Type.Array(Line, { maxItems: 256 })])),
  user: Type.Optional(Type.String({ maxLength: 255 })),
  workingDir: Type.Optional(Type.String({ pattern: '^/', maxLength: 1024 })),
  env: Type.Optional(
    Type.Record(
      Type.String({ pattern: Variable }),
      Type.Union([Type.String({ maxLength: 65_536 }), Type.Number(), Type.Boolean()]),
      closed
    )
  ),
  /** By the variable that holds it. */
  secrets: Type.Optional(Type.Record(Type.String({ pattern: Variable }), Secret, closed)),
  volumes: Type.Optional(Type.Array(Volume, { maxItems: 100 })),
  health: Type.Optional(Health),
  resources: Type.Optional(Resources),
  replicas: Type.Optional(Type.Integer({ minimum: 0, maximum: 1000 })),
  placement: Type.Optional(Placement),
  logs: Type.Optional(Logs),
  rollout: Type.Optional(Rollout),
  labels: Type.Optional(Type.Record(Type.String({ maxLength: 255 }), Type.String({ maxLength: 4096 }))),
  stopGraceSeconds: Type.Optional(Type.Number({ minimum: 0, maximum: 3600 }))
}

/** What stands in a definition, for one environment, once its words are laid over the app's. */
export const Wanted = Type.Object(Parts, closed)
export type Wanted = Static<typeof Wanted>

/** As people write it. What an environment says is checked after it was laid over: it may be any part of it. */
export const AppDefinition = Type.Object(
  {
    ...Parts,
    environments: Type.Record(
      AppName,
      Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
      closed
    )
  },
  closed
)
export type AppDefinition = Static<typeof AppDefinition>

/** One thing that is wrong with a definition. */
export const DefinitionProblem = Type.Object({
  /** Where: `health.http.path`, `volumes[0].source`; empty for the whole. */
  path: Type.String(),
  /** Where it is wrong only with the words of this environment. */
  environment: Type.Optional(Type.String()),
  /** What is wrong there, and the way out. */
  message: Type.String(),
  /** Of YAML and JSON texts; both count from 1. */
  line: Type.Optional(Type.Integer()),
  column: Type.Optional(Type.Integer())
})
export type DefinitionProblem = Static<typeof DefinitionProblem>
