/** Search within the loaded rows: a virtual list hides most of them from the browser's own. */
import { Store } from '../state/store.ts'

export interface FindState {
  open: boolean
  text: string
  /** The hit that n and N stand on: a row and the place among its marks. */
  at: { key: string; mark: number } | undefined
}

export class Find {
  readonly state = new Store<FindState>({ open: false, text: '', at: undefined })

  open(): void {
    this.state.update((old) => ({ ...old, open: true }))
  }

  close(): void {
    this.state.set({ open: false, text: '', at: undefined })
  }

  type(text: string): void {
    this.state.update((old) => ({ ...old, text, at: undefined }))
  }

  standOn(key: string, mark: number): void {
    this.state.update((old) => ({ ...old, at: { key, mark } }))
  }
}
