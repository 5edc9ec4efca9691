import { expect, test } from 'vitest'
import {
  call,
  fromGithub,
  fromGitlab,
  openPlace,
  type Sample,
  sample,
  signedByGitlab,
  withToken
} from './place.ts'

const STAGING = { app: 'orders', environment: 'staging' }
const DEPLOYED = { verdict: 'deployed', app: 'orders', environment: 'staging', deploy: 'd0001' }
const EVENTS_TYPE = 'application/vnd.docker.distribution.events.v2+json'
const MANIFEST = 'sha256:fea8895f450959fa676bcc1df0611ea93823a735a01205fd8622846041d0c7cf'

function changed(path: string, change: (body: Sample) => void): Sample {
  const body = sample(path)
  change(body)
  return body
}

test.each<[string, string, Sample, object, object]>([
  [
    'a push',
    'push',
    sample('github/push-new-branch'),
    { branch: 'master', repository: 'Codertocat/*', image: 'main-{{sha7}}' },
    { image: 'main-6113728', by: { kind: 'hook', name: 'github' } }
  ],
  [
    'a tag',
    'push',
    changed('github/push-new-branch', (body) => {
      body.ref = 'refs/tags/v1.4.2'
    }),
    { on: ['tag'], tag: 'v*', image: '{{tag}}' },
    { image: 'v1.4.2' }
  ],
  [
    'a workflow that ended well',
    'workflow_run',
    sample('github/workflow-run'),
    { on: ['pipeline'], branch: 'master', job: 'test', image: '{{sha}}' },
    { image: '3484a3fb816e0859fd6e1cea078d76385ff50625' }
  ],
  [
    'a release',
    'release',
    sample('github/release'),
    { on: ['release'], image: '{{tag}}' },
    { image: '0.0.1' }
  ],
  [
    'an image',
    'registry_package',
    changed('github/registry-package', (body) => {
      body.registry_package.package_version.container_metadata.tag.name = '1.4.2'
    }),
    { on: ['image'], repository: 'codertocat/hello-world/*', tag: '1.*' },
    { image: 'sha256:3da1996a8115d7616457760d9920b815241d0a03b34cf5f04e9a0e9d8de37498' }
  ]
])('GitHub tells of %s', async (_name, event, body, rule, asked) => {
  await using place = await openPlace()
  const secret = await place.make('github', [{ ...STAGING, ...rule }])
  const { status, body: answer } = await call(place, 'github', fromGithub(secret, event, body))
  expect([status, answer.decided]).toEqual([202, [expect.objectContaining(DEPLOYED)]])
  expect(place.orders.asked).toMatchObject([{ ...STAGING, ...asked }])
  expect(await place.deliveries('github')).toEqual(answer.decided)
})

test.each<[string, string, Sample, string]>([
  ['a greeting', 'ping', sample('github/ping'), 'only says that it is there'],
  ['a tag that is gone', 'push', sample('github/push-tag-deleted'), 'it was deleted'],
  ['a workflow that begins', 'workflow_run', sample('github/workflow-run-requested'), 'not over yet'],
  [
    'a workflow that failed',
    'workflow_run',
    changed('github/workflow-run', (body) => {
      body.workflow_run.conclusion = 'failure'
    }),
    'it ended with failure'
  ],
  [
    'a workflow of a fork, whose branch has the right name',
    'workflow_run',
    changed('github/workflow-run', (body) => {
      body.workflow_run.head_repository.id = 1
    }),
    'pull request'
  ],
  [
    'a workflow of a pull request',
    'workflow_run',
    changed('github/workflow-run', (body) => {
      body.workflow_run.event = 'pull_request_target'
    }),
    'pull request'
  ],
  ['an image without a tag', 'registry_package', sample('github/registry-package'), 'it has no tag'],
  ['a star', 'star', {}, 'this kind of event']
])('GitHub tells of %s, and nothing is deployed', async (_name, event, body, why) => {
  await using place = await openPlace()
  const secret = await place.make('github', [STAGING])
  const { status, body: answer } = await call(place, 'github', fromGithub(secret, event, body))
  expect(status).toBe(202)
  expect(answer.decided).toMatchObject([{ verdict: 'ignored', why: expect.stringContaining(why) }])
  expect(place.orders.asked).toEqual([])
})

test('GitHub sends a form where nothing else is chosen', async () => {
  await using place = await openPlace()
  const secret = await place.make('github', [STAGING])
  const form = new URLSearchParams({ payload: JSON.stringify(sample('github/push-new-branch')) }).toString()
  const signed = fromGithub(secret, 'push', null)
  const { createHmac } = await import('node:crypto')
  const sent = {
    headers: {
      ...signed.headers,
      'content-type': 'application/x-www-form-urlencoded',
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(form).digest('hex')}`
    },
    body: form
  }
  expect((await call(place, 'github', sent)).body.decided).toMatchObject([DEPLOYED])
})

test.each<[string, string, Sample, object, object]>([
  [
    'a push',
    'Push Hook',
    sample('gitlab/push'),
    { on: ['push'], branch: 'master', image: '{{slug}}-{{sha8}}', reason: '{{repository}} by {{by}}' },
    { image: 'master-da156088', reason: 'mike/diaspora by jsmith' }
  ],
  ['a tag', 'Tag Push Hook', sample('gitlab/tag'), { tag: 'v*.*.*', image: '{{tag}}' }, { image: 'v1.0.0' }],
  [
    'a pipeline',
    'Pipeline Hook',
    changed('gitlab/pipeline', (body) => {
      body.object_attributes.source = 'push'
    }),
    { on: ['pipeline'], branch: 'master', image: '{{sha}}' },
    { image: 'bcbb5ec396a2c0f828686f14fac9b80b780504f2' }
  ]
])('GitLab tells of %s, with a token or signed', async (_name, event, body, rule, asked) => {
  await using place = await openPlace()
  const secret = await place.make('gitlab', [{ ...STAGING, ...rule }])
  const first = await call(place, 'gitlab', fromGitlab(secret, event, body))
  expect([first.status, first.body.decided]).toEqual([202, [expect.objectContaining(DEPLOYED)]])
  place.orders.become('d0001', { state: 'succeeded' })
  const second = await call(place, 'gitlab', signedByGitlab(secret, event, body, Date.now()))
  expect(second.body.decided).toMatchObject([{ verdict: 'deployed', deploy: 'd0002' }])
  expect(place.orders.asked).toMatchObject([asked, asked])
})

test.each<[string, (body: Sample) => void, string]>([
  ['of a merge request', () => {}, 'merge request'],
  [
    'that runs',
    (body) => {
      body.object_attributes.status = 'running'
    },
    'not over yet'
  ],
  [
    'that failed',
    (body) => {
      body.object_attributes.status = 'failed'
    },
    'ended as failed'
  ]
])('GitLab tells of a pipeline %s, and nothing is deployed', async (_name, change, why) => {
  await using place = await openPlace()
  const secret = await place.make('gitlab', [STAGING])
  const sent = fromGitlab(secret, 'Pipeline Hook', changed('gitlab/pipeline', change))
  const { body } = await call(place, 'gitlab', sent)
  expect(body.decided).toMatchObject([{ verdict: 'ignored', why: expect.stringContaining(why) }])
})

test('Jenkins counts once, when a build is over for good, with the secret in its URL or in a header', async () => {
  await using place = await openPlace()
  const secret = await place.make('jenkins', [
    { ...STAGING, branch: 'master', job: 'asgard', image: '{{sha}}' }
  ])
  const completed = sample('jenkins/completed')
  const early = await call(place, 'jenkins', withToken(`Bearer ${secret}`, completed))
  expect(early.body.decided).toMatchObject([
    { verdict: 'ignored', why: expect.stringContaining('FINALIZED') }
  ])
  const finalized = changed('jenkins/completed', (body) => {
    body.build.phase = 'FINALIZED'
  })
  // The plugin takes user and password out of the URL as they stand there.
  const basic = Buffer.from(`driftlog:${encodeURIComponent(secret)}`).toString('base64')
  const { body } = await call(place, 'jenkins', withToken(`Basic ${basic}`, finalized))
  expect(body.decided).toMatchObject([
    { ...DEPLOYED, id: 'http://localhost:8080/job/asgard/18/#18/FINALIZED' }
  ])
  expect(place.orders.asked).toMatchObject([{ image: 'c6d86dc654b12425e706bcf951adfe5a8627a517' }])
})

test('builds of Jenkins are told apart however long their addresses are', async () => {
  await using place = await openPlace()
  const secret = await place.make('jenkins', [STAGING])
  for (const number of [18, 19]) {
    const finalized = changed('jenkins/completed', ({ build }) => {
      const full_url = `http://localhost:8080/job/${'folder/job/'.repeat(20)}asgard/${number}/`
      Object.assign(build, { phase: 'FINALIZED', number, full_url })
    })
    const { status, body } = await call(place, 'jenkins', withToken(`Bearer ${secret}`, finalized))
    expect(status).toBe(202)
    place.orders.become(body.decided[0].deploy, { state: 'succeeded' })
  }
  expect(place.orders.asked).toHaveLength(2)
})

test('a registry tells of many things at once; the one with a tag is deployed, and that once', async () => {
  await using place = await openPlace()
  const secret = await place.make('registry', [{ ...STAGING, repository: 'library/test', tag: 'main' }])
  const body = changed('registry/push', ({ events: [first] }) => {
    first.target.tag = 'main'
  })
  const sent = withToken(`Bearer ${secret}`, body, EVENTS_TYPE)
  const { status, body: answer } = await call(place, 'registry', sent)
  expect([status, answer.decided]).toMatchObject([
    202,
    [DEPLOYED, { verdict: 'ignored' }, { verdict: 'ignored', why: expect.stringContaining('no tag') }]
  ])
  expect(place.orders.asked).toMatchObject([{ image: MANIFEST }])
  // It sends again until it hears a yes.
  const again = await call(place, 'registry', sent)
  expect([again.status, again.body.decided[0]]).toMatchObject([202, { verdict: 'refused' }])
  const pull = await call(
    place,
    'registry',
    withToken(`Bearer ${secret}`, sample('registry/pull'), EVENTS_TYPE)
  )
  expect(pull.body.decided).toMatchObject([{ verdict: 'ignored', why: 'only what is pushed is deployed' }])
  expect(place.orders.asked).toHaveLength(1)
})

test.each(['harbor/push', 'harbor/cloud-event'])('Harbor tells of a push (%s)', async (path) => {
  await using place = await openPlace()
  const secret = await place.make('harbor', [{ ...STAGING, repository: 'harbor/alpine', image: '{{tag}}' }])
  const untagged = await call(place, 'harbor', withToken(secret, sample(path)))
  expect(untagged.body.decided).toMatchObject([{ verdict: 'ignored', why: 'it has no tag' }])
  const tagged = changed(path, (body) => {
    ;(body.event_data ?? body.data).resources[0].tag = '3.8'
  })
  const { body } = await call(place, 'harbor', withToken(secret, tagged))
  expect(body.decided).toMatchObject([DEPLOYED])
  expect(place.orders.asked).toMatchObject([{ image: '3.8' }])
  const deleted = await call(place, 'harbor', withToken(secret, sample('harbor/delete')))
  expect(deleted.body.decided).toMatchObject([{ verdict: 'ignored' }])
})

test('Docker Hub sends no header, so its secret stands in the address', async () => {
  await using place = await openPlace()
  const secret = await place.make('dockerhub', [{ ...STAGING, repository: 'svendowideit/testhook' }])
  const sent = {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(sample('dockerhub/push'))
  }
  expect((await call(place, 'dockerhub', sent)).status).toBe(401)
  const query = `?token=${encodeURIComponent(secret)}`
  const { body } = await call(place, 'dockerhub', { ...sent, query })
  expect(body.decided).toMatchObject([DEPLOYED])
  expect(place.orders.asked).toMatchObject([{ image: 'latest' }])
})

test('anything that sends JSON, with a token or signed', async () => {
  await using place = await openPlace()
  const secret = await place.make('generic', [{ ...STAGING, repository: 'shop/orders' }])
  const { body } = await call(place, 'generic', withToken(`Bearer ${secret}`, sample('generic/image')))
  expect(body.decided).toMatchObject([DEPLOYED])
  place.orders.become('d0001', { state: 'succeeded' })
  const signed = signedByGitlab(secret, '', { ...sample('generic/image'), by: 'another' }, Date.now())
  expect((await call(place, 'generic', signed)).body.decided).toMatchObject([{ deploy: 'd0002' }])
  const odd = withToken(`Bearer ${secret}`, { event: 'image', shell: 'sh' })
  expect((await call(place, 'generic', odd)).body).toMatchObject({
    code: 'DRIFTLOG_HOOK_BODY',
    statusCode: 400
  })
})
