/**
 * A hub that deploys, as a process that kills itself behind a write. It is loaded beforehand and begins when it is told where:
 * its parent speaks to it by messages, and to the hub over HTTP.
 */
import { openLmdbState } from '../../collector/store/state-lmdb.ts'
import type { AppDefinition } from '../../server/deploys/definition.ts'
import { MortalState } from '../server/deploys/mortal.ts'
import { BY, Scene, startHub } from '../server/deploys/scene.ts'

export type Told =
  | { kind: 'start'; folder: string; keys: string[]; definition: AppDefinition }
  | { kind: 'die'; behind: number }

let state: MortalState | undefined

process.on('message', (told: Told) => {
  if (told.kind === 'die') state?.dieAfter(told.behind)
  else void start(told)
})
process.on('disconnect', () => process.exit())
process.send?.({ kind: 'loaded' })

async function start({ folder, keys, definition }: Extract<Told, { kind: 'start' }>): Promise<void> {
  state = new MortalState(await openLmdbState(folder))
  state.onDeath = () => process.kill(process.pid, 'SIGKILL')
  const scene = new Scene(keys.length)
  for (const [i, host] of scene.hosts.entries()) host.key = keys[i] ?? ''
  const hub = await startHub(scene, { state })
  await hub.parts.definitions.put('orders', definition, BY)
  process.send?.({ kind: 'started', url: hub.url, keys: scene.hosts.map(({ key }) => key) })
}
