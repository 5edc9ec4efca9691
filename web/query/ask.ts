import { usePage, useSetView, useView } from '../state/page.ts'
import { rememberQuery } from './saved.ts'

/** Puts a query: a new one is a new entry of the history, the same one asks again. */
export function useAskQuery(): (q: string) => void {
  const page = usePage()
  const setView = useSetView()
  const { q: present } = useView()
  return (q) => {
    rememberQuery(q)
    if (q === present) page.ask()
    else setView({ q, at: '', ctx: '' })
  }
}
