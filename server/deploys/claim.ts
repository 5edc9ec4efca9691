/** Who may touch an app's instances in an environment: one deploy at a time. */
import type { StateStore } from '../../collector/store/state.ts'
import type { Deploy } from './deploy.ts'
import { CLAIMS, claimKey } from './kept.ts'

interface Claim {
  deploy: string
}

/** The deploy that has it from now on: this one, or another one that came first. */
export async function claim(
  state: StateStore,
  deploy: Pick<Deploy, 'id' | 'app' | 'environment'>
): Promise<string> {
  const holder = await holderOf(state, deploy)
  if (holder !== undefined) return holder
  const now = await state.update<Claim>(claimKey(deploy), (old) => old ?? { deploy: deploy.id })
  return now?.deploy ?? deploy.id
}

export async function holderOf(
  state: StateStore,
  place: Pick<Deploy, 'app' | 'environment'>
): Promise<string | undefined> {
  return (await state.get<Claim>(claimKey(place)))?.deploy
}

/** Leaves one of another deploy alone. */
export async function unclaim(
  state: StateStore,
  deploy: Pick<Deploy, 'id' | 'app' | 'environment'>
): Promise<void> {
  if ((await holderOf(state, deploy)) === deploy.id) await drop(state, claimKey(deploy), deploy.id)
}

/** In every place where this one has it. */
export async function unclaimAll(state: StateStore, id: string): Promise<void> {
  for (const { key, value } of await state.list<Claim>(CLAIMS))
    if (value.deploy === id) await drop(state, key, id)
}

/** Every deploy that has the claim of its place. */
export async function claimers(state: StateStore): Promise<string[]> {
  return (await state.list<Claim>(CLAIMS)).map(({ value }) => value.deploy)
}

async function drop(state: StateStore, key: string, id: string): Promise<void> {
  await state.update<Claim>(key, (old) => (old?.deploy === id ? undefined : old))
}
