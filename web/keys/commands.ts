/** What keys, menus and the phone's bar can ask for. Whoever holds the thing in question carries it out. */
export type Command =
  | 'focus-query'
  | 'focus-time'
  | 'focus-list'
  | 'save-query'
  | 'range-earlier'
  | 'range-later'
  | 'range-widen'
  | 'toggle-utc'
  | 'help'
  | 'jump'
  | 'find'
  | 'find-next'
  | 'find-previous'
  | 'row-next'
  | 'row-previous'
  | 'page-down'
  | 'page-up'
  | 'half-down'
  | 'half-up'
  | 'oldest'
  | 'newest'
  | 'open'
  | 'back'
  | 'error-next'
  | 'error-previous'
  | 'warning-next'
  | 'warning-previous'
  | 'move-next'
  | 'move-previous'
  | 'gap-next'
  | 'gap-previous'
  | 'context-instance'
  | 'context-app'
  | 'copy-line'
  | 'copy-link'
  | 'copy-json'
  | 'follow'
  | 'pretty'
  | 'wrap'
  | 'order'
  | 'include'
  | 'exclude'
  | 'go-logs'
  | 'go-deploys'

/** Returns false where there was nothing to do, so that the key keeps its own meaning. */
export type Handler = () => unknown

export class Commands {
  readonly #handlers = new Map<Command, Handler[]>()

  /** The last one who came answers first. Returns how to leave. */
  on(command: Command, handler: Handler): () => void {
    const list = this.#handlers.get(command) ?? []
    list.push(handler)
    this.#handlers.set(command, list)
    return () => {
      list.splice(list.indexOf(handler), 1)
    }
  }

  /** True when somebody carried it out. */
  run(command: Command): boolean {
    const list = this.#handlers.get(command) ?? []
    for (let i = list.length - 1; i >= 0; i--) {
      const handler = list[i]
      if (handler && handler() !== false) return true
    }
    return false
  }
}
