/** The hub that a command asks, by its flags and the environment. */
import { hubAddress } from './address.ts'
import { HubClient } from './client.ts'
import type { ClientFlags } from './options.ts'

export function readingHub(flags: ClientFlags, env: NodeJS.ProcessEnv): HubClient {
  return new HubClient(hubAddress(flags, env))
}

/** For what changes something: on the machine of the hub the token that may is found by itself. */
export function changingHub(flags: ClientFlags, env: NodeJS.ProcessEnv): HubClient {
  return new HubClient(hubAddress(flags, env, 'admin'))
}
