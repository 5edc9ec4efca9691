/** What a process sees mounted, by its /proc/<pid>/mountinfo. Pure. */
export interface MountLine {
  /** Where, as the process sees it. */
  at: string
  major: number
  minor: number
  /** Of an overlay: the folder of the host that is written to. */
  upper: string | undefined
  /** Of an overlay: the folders below, uppermost first. Relative ones are left out. */
  lowers: string[]
}

/** `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - overlay overlay rw,lowerdir=…,upperdir=…` */
export function readMounts(text: string): MountLine[] {
  return text.split('\n').flatMap((line) => {
    const [own = '', source = ''] = line.split(' - ', 2)
    const [, , device = '', , at = ''] = own.split(' ')
    const [major, minor] = device.split(':').map(Number)
    if (!at || major === undefined || minor === undefined) return []
    const [kind = '', , options = ''] = source.split(' ')
    const isOverlay = kind === 'overlay' || kind === 'fuse.fuse-overlayfs'
    const option = (name: string) => (isOverlay ? optionOf(options, name) : undefined)
    const upper = option('upperdir')
    const lowers = (option('lowerdir') ?? '').split(':').filter((folder) => folder.startsWith('/'))
    return [{ at: unescaped(at), major, minor, upper: upper?.startsWith('/') ? upper : undefined, lowers }]
  })
}

/** The number that stat() gives for files on it. */
export function deviceOf({ major, minor }: Pick<MountLine, 'major' | 'minor'>): number {
  return (
    (minor & 0xff) +
    (major & 0xfff) * 2 ** 8 +
    Math.floor(minor / 256) * 2 ** 20 +
    Math.floor(major / 4096) * 2 ** 44
  )
}

function optionOf(options: string, name: string): string | undefined {
  const found = options.split(',').find((option) => option.startsWith(`${name}=`))
  return found === undefined ? undefined : unescaped(found.slice(name.length + 1))
}

/** The kernel writes blanks, tabs, newlines and backslashes as `\040`. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
