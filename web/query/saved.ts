import { useSyncExternalStore } from 'react'

/** A query with a name, kept in this browser. */
export interface SavedQuery {
  name: string
  q: string
}

const SAVED = 'driftlog.saved'
const RECENT = 'driftlog.recent'
const RECENT_LIMIT = 50
const SAVED_LIMIT = 200

/** Queries that were run here, newest first; never sent anywhere. */
export function recentQueries(): string[] {
  return read(RECENT).filter((query): query is string => typeof query === 'string')
}

export function rememberQuery(query: string): void {
  const text = query.trim()
  if (text === '') return
  write(RECENT, [text, ...recentQueries().filter((known) => known !== text)].slice(0, RECENT_LIMIT))
}

/** A name that is there already takes the new text. */
export function saveQuery(query: SavedQuery): void {
  write(SAVED, [...savedQueries().filter((known) => known.name !== query.name), query].slice(-SAVED_LIMIT))
}

export function forgetQuery(name: string): void {
  write(
    SAVED,
    savedQueries().filter((known) => known.name !== name)
  )
}

export function savedQueries(): SavedQuery[] {
  return read(SAVED).filter(isSaved)
}

/** The saved queries, also when another tab changes them. */
export function useSaved(): SavedQuery[] {
  const text = useSyncExternalStore(watch, () => readText(SAVED))
  return text === '' ? [] : savedQueries()
}

function isSaved(value: unknown): value is SavedQuery {
  if (typeof value !== 'object' || value === null || !('name' in value) || !('q' in value)) return false
  return typeof value.name === 'string' && typeof value.q === 'string'
}

const CHANGED = 'driftlog:saved'

function watch(changed: () => void): () => void {
  addEventListener('storage', changed)
  addEventListener(CHANGED, changed)
  return () => {
    removeEventListener('storage', changed)
    removeEventListener(CHANGED, changed)
  }
}

function read(key: string): unknown[] {
  try {
    const value: unknown = JSON.parse(readText(key) || '[]')
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}

function readText(key: string): string {
  try {
    return localStorage.getItem(key) ?? ''
  } catch {
    return ''
  }
}

function write(key: string, value: unknown[]): void {
  try {
    localStorage.setItem(key, JSON.stringify(value))
  } catch {
    // A browser that keeps nothing forgets this too.
  }
  dispatchEvent(new Event(CHANGED))
}
