/** One thing that was looked at in another program that the hub works with. */
export interface Check {
  name: string
  ok: boolean
  /** What was found. */
  found: string
  /** What to do where it is not well. */
  remedy?: string
}
