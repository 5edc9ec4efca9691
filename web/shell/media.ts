import { useSyncExternalStore } from 'react'

/** How much room the page has; 1280 px at 400 % zoom are narrow. */
export type Room = 'wide' | 'medium' | 'narrow'

const WIDE = '(min-width: 1100px)'
const NARROW = '(max-width: 699px)'

export function useRoom(): Room {
  return useSyncExternalStore(watch, room)
}

function room(): Room {
  if (matchMedia(WIDE).matches) return 'wide'
  return matchMedia(NARROW).matches ? 'narrow' : 'medium'
}

function watch(changed: () => void): () => void {
  const queries = [matchMedia(WIDE), matchMedia(NARROW)]
  for (const query of queries) query.addEventListener('change', changed)
  return () => {
    for (const query of queries) query.removeEventListener('change', changed)
  }
}
