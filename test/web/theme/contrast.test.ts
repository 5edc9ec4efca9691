import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { beforeAll, expect, test } from 'vitest'
import { hostColour, hostTag } from '../../../web/theme/host.ts'

type Theme = 'light' | 'dark'
type Colour = readonly [red: number, green: number, blue: number]

const tokens = new Map<string, string>()

beforeAll(async () => {
  const entry = fileURLToPath(new URL('../../../web/theme/tokens.css', import.meta.url))
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    build: { write: false, target: 'es2022', rollupOptions: { input: entry } }
  })
  const outputs = (Array.isArray(built) ? built : [built]).flatMap((one) =>
    'output' in one ? one.output : []
  )
  const css = outputs.map((file) => (file.type === 'asset' ? String(file.source) : '')).join('')
  // The first place is the one for everybody; later ones are for more contrast, touch and so on.
  for (const [, name = '', value = ''] of css.matchAll(/(--[\w-]+):([^;}]+)/g)) {
    if (!tokens.has(name)) tokens.set(name, value.trim())
  }
})

const SURFACES = ['bg', 'surface', 'hover', 'selected']

/** What stands on all four surfaces, and the least contrast that it must have there. */
const ON_SURFACES: [string, number][] = [
  ...['text', 'text-2', 'text-3', 'accent', 'ok'].map((name): [string, number] => [name, 4.5]),
  ...['trace', 'debug', 'info', 'warn', 'error'].map((name): [string, number] => [name, 4.5]),
  ...Array.from({ length: 16 }, (_, i): [string, number] => [`ansi-${i}`, 4.5]),
  ...Array.from({ length: 12 }, (_, i): [string, number] => [`host-${i + 1}`, 3]),
  ['control', 3],
  ['focus', 3]
]

const PAIRS: [string, string, number][] = [
  ['on-fatal', 'fatal', 4.5],
  ['on-accent', 'accent', 4.5],
  ['text', 'hit', 4.5],
  ...['error', 'warn', 'info', 'debug'].flatMap((stack): [string, string, number][] => [
    [`bar-${stack}`, 'bg', 3],
    [`bar-${stack}`, 'surface', 3]
  ])
]

test.each(['light', 'dark'] as const)('%s: everything can be read on every surface', (theme) => {
  const low: string[] = []
  for (const [name, least] of ON_SURFACES) {
    for (const surface of SURFACES) {
      const found = contrast(colour(name, theme), colour(surface, theme))
      if (found < least) low.push(`${name} on ${surface}: ${found.toFixed(2)} < ${least}`)
    }
  }
  for (const [name, ground, least] of PAIRS) {
    const found = contrast(colour(name, theme), colour(ground, theme))
    if (found < least) low.push(`${name} on ${ground}: ${found.toFixed(2)} < ${least}`)
  }
  expect(low).toEqual([])
})

test('a host keeps its colour; the second dozen is dashed', () => {
  expect(hostColour(0)).toEqual({ colour: 'var(--host-1)', dashed: false })
  expect(hostColour(23)).toEqual({ colour: 'var(--host-12)', dashed: true })
  expect(hostColour(24)).toEqual(hostColour(0))
  expect(
    ['ams-1', 'ams-1.example.org', 'container-host-17', 'longername', '主机一号机房'].map(hostTag)
  ).toEqual(['ams-1', 'ams-1', 'con-17', 'longe…', '主机一号机房'])
})

function colour(name: string, theme: Theme): Colour {
  const value = tokens.get(`--${name}`) ?? ''
  // light-dark(a, b), or what the bundler makes of it for browsers that have none.
  const both = [...value.matchAll(/#[0-9a-f]{3,8}|\b(?:white|black)\b/gi)].map((match) => match[0])
  const one = theme === 'light' ? both[0] : (both[1] ?? both[0])
  if (one === undefined) throw new Error(`no colour in --${name}: ${value}`)
  return rgb(one)
}

function rgb(text: string): Colour {
  const named = { white: '#ffffff', black: '#000000' }[text.toLowerCase()] ?? text
  const digits = named.slice(1)
  const long = digits.length < 6 ? [...digits].map((digit) => digit + digit).join('') : digits
  const part = (at: number) => Number.parseInt(long.slice(at, at + 2), 16)
  return [part(0), part(2), part(4)]
}

/** WCAG 2.2, relative luminance. */
function contrast(a: Colour, b: Colour): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return ((high ?? 0) + 0.05) / ((low ?? 0) + 0.05)
}

function luminance(of: Colour): number {
  const [red = 0, green = 0, blue = 0] = of.map((part) => {
    const share = part / 255
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
