/** The registry of Debian tells the hub what is pushed to it, and that is deployed by its digest. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { freePort } from '../../ports.ts'
import { openPlace, type Place } from '../../server/deploys/triggers/place.ts'

const PROGRAM = '/usr/bin/docker-registry'
const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'

test.skipIf(!existsSync(PROGRAM))('what is pushed is deployed once, pulls and layers are not', async () => {
  await using place = await openPlace()
  const secret = await place.make('registry', [
    { app: 'orders', environment: 'staging', repository: 'shop/orders', tag: 'main-*' }
  ])
  await using registry = await openRegistry(place, secret)
  const first = await registry.push('shop/orders', 'main-1', 'one')
  await until(() => place.orders.asked.length === 1)
  expect(place.orders.asked).toMatchObject([{ app: 'orders', image: first }])
  place.orders.become('d0001', { state: 'succeeded' })
  // Another branch's tag, another repository, and what is only fetched.
  await registry.push('shop/orders', 'feature-1', 'two')
  await registry.push('shop/payments', 'main-1', 'three')
  await fetch(`${registry.url}/v2/shop/orders/manifests/main-1`, { headers: { accept: MANIFEST } })
  const last = await registry.push('shop/orders', 'main-2', 'four')
  await until(() => place.orders.asked.length === 2)
  expect(place.orders.asked[1]).toMatchObject({ image: last })
  const deliveries = await place.deliveries('registry')
  expect(deliveries.filter(({ verdict }) => verdict === 'deployed')).toHaveLength(2)
  expect(deliveries.filter(({ verdict }) => verdict === 'ignored').map(({ why }) => why)).toContainEqual(
    expect.stringContaining('no rule is for this: push of "shop/orders" as "feature-1"')
  )
  expect(deliveries.filter(({ verdict }) => verdict === 'refused' || verdict === 'failed')).toEqual([])
})

test.skipIf(!existsSync(PROGRAM))('with another secret nothing comes in, and that is seen', async () => {
  await using place = await openPlace()
  await place.make('registry', [{ app: 'orders', environment: 'staging', repository: '**' }])
  await using registry = await openRegistry(place, 'another-secret')
  await registry.push('shop/orders', 'main-1', 'one')
  await until(async () => {
    const { body } = await place.face.get('/api/triggers/registry/deliveries')
    return body.strangers.count > 0
  })
  expect(place.orders.asked).toEqual([])
})

interface Registry extends AsyncDisposable {
  url: string
  /** Returns the digest of the manifest. */
  push(repository: string, tag: string, content: string): Promise<string>
}

async function openRegistry(place: Place, secret: string): Promise<Registry> {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-registry-'))
  const port = await freePort()
  const config = {
    ...{ version: 0.1, log: { level: 'error' }, storage: { filesystem: { rootdirectory: folder } } },
    http: { addr: `127.0.0.1:${port}` },
    notifications: {
      endpoints: [
        {
          ...{ name: 'driftlog', url: `${place.face.url}/api/hooks/registry` },
          headers: { Authorization: [`Bearer ${secret}`] },
          ...{ timeout: '5s', threshold: 3, backoff: '1s' }
        }
      ]
    }
  }
  const file = join(folder, 'config.yml')
  // JSON is YAML.
  await writeFile(file, JSON.stringify(config))
  const child: ChildProcess = spawn(PROGRAM, ['serve', file], { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  await until(async () => (await fetch(`${url}/v2/`).catch(() => undefined))?.ok === true)
  return {
    url,
    async push(repository, tag, content) {
      const layer = await pushBlob(url, repository, content)
      const config = await pushBlob(url, repository, JSON.stringify({ architecture: 'amd64', os: 'linux' }))
      const manifest = JSON.stringify({
        ...{ schemaVersion: 2, mediaType: MANIFEST },
        config: { mediaType: 'application/vnd.docker.container.image.v1+json', ...config },
        layers: [{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', ...layer }]
      })
      const answer = await fetch(`${url}/v2/${repository}/manifests/${tag}`, {
        ...{ method: 'PUT', headers: { 'content-type': MANIFEST }, body: manifest }
      })
      expect(answer.status).toBe(201)
      return digestOf(manifest)
    },
    async [Symbol.asyncDispose]() {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      await rm(folder, { recursive: true, force: true })
    }
  }
}

async function pushBlob(url: string, repository: string, content: string) {
  const begun = await fetch(`${url}/v2/${repository}/blobs/uploads/`, { method: 'POST' })
  const place = new URL(begun.headers.get('location') ?? '', url)
  const digest = digestOf(content)
  place.searchParams.set('digest', digest)
  const headers = { 'content-type': 'application/octet-stream' }
  const { status } = await fetch(place, { method: 'PUT', headers, body: content })
  expect(status).toBe(201)
  return { digest, size: Buffer.byteLength(content) }
}

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 500) throw new Error('it does not come about')
    await sleep(20)
  }
}
