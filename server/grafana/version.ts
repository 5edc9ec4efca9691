/** Whether `text`, as `12.1.0`, is an older version than `wanted`, as `11.6`. What is no version is not. */
export function isOlder(text: string, wanted: string): boolean {
  const [[major, minor], [wantedMajor, wantedMinor]] = [numbersOf(text), numbersOf(wanted)]
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor)
}

function numbersOf(text: string): [number, number] {
  const [, major, minor = '0'] = /^v?(\d{1,4})(?:\.(\d{1,4}))?/.exec(text) ?? []
  return major === undefined ? [Number.POSITIVE_INFINITY, 0] : [Number(major), Number(minor)]
}
