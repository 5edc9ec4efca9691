import { useSyncExternalStore } from 'react'

/** The field whose values the filters show in full: asked for from any menu, answered by the facets. */
let shown = ''
const listeners = new Set<() => void>()

export function useShownField(): [field: string, show: (field: string) => void] {
  return [useSyncExternalStore(subscribe, () => shown), show]
}

function show(field: string): void {
  shown = field
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
