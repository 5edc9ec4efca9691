/** Which version of Zabbix one speaks to. */

export interface Version {
  major: number
  minor: number
  /** As it says it. */
  text: string
}

/** The oldest that is supported. */
export const OLDEST = '6.0'

export function versionOf(text: string): Version {
  const [, major = '0', minor = '0'] = /^(\d{1,4})\.(\d{1,4})/.exec(text) ?? []
  return { major: Number(major), minor: Number(minor), text }
}

export function atLeast({ major, minor }: Version, wantedMajor: number, wantedMinor: number): boolean {
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}
