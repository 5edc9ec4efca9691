/** What a check found. */
export interface Finding {
  /** A word or two: what was looked at. */
  check: string
  /** `fail`: the agent can't do its work. `warn`: it can, with less certainty or at a higher cost. */
  state: 'ok' | 'warn' | 'fail'
  text: string
  /** What to do about it: commands, mounts, settings; one a line. */
  remedies: string[]
}

export function ok(check: string, text: string): Finding {
  return { check, state: 'ok', text, remedies: [] }
}

export function warn(check: string, text: string, ...remedies: string[]): Finding {
  return { check, state: 'warn', text, remedies }
}

export function fail(check: string, text: string, ...remedies: string[]): Finding {
  return { check, state: 'fail', text, remedies }
}

/** `1 container`, `2 containers` */
export function counted(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`
}
