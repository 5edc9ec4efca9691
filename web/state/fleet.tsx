import { useEffect } from 'react'
import { wasAborted } from '../api/client.ts'
import { usePage } from './page.ts'
import { useStore } from './store.ts'

/** Apps and hosts come and go slowly; a hidden tab does not ask. */
const EVERY_MS = 15_000

/** Keeps what the page knows of the fleet fresh. */
export function FleetWatch() {
  const { client, fleet, login } = usePage()
  const demanded = useStore(login.demanded)
  useEffect(() => {
    if (demanded !== '') return
    const abort = new AbortController()
    const ask = async () => {
      if (document.hidden && fleet.get().status) return
      const keep = (change: object) => fleet.update((old) => ({ ...old, ...change }))
      const unlessAborted = (error: unknown) => {
        // the parts that show it keep what they had; the list and the tail say when the hub is away
        if (!wasAborted(error) && !(error instanceof Error)) throw error
      }
      await Promise.all([
        client.status(abort.signal).then((status) => keep({ status }), unlessAborted),
        client.apps(abort.signal).then(({ apps }) => keep({ apps }), unlessAborted),
        client.hosts(abort.signal).then(({ hosts }) => keep({ hosts }), unlessAborted)
      ])
    }
    void ask()
    const timer = setInterval(() => void ask(), EVERY_MS)
    return () => {
      abort.abort()
      clearInterval(timer)
    }
  }, [client, fleet, demanded])
  return null
}
