import uPlot from 'uplot'
import { colourOf } from '../theme/theme.ts'
import { clockText, dateText } from '../time/format.ts'
import { dayStart } from '../time/zone.ts'
import { type Counts, STACKS } from './counts.ts'
import { GUTTER } from './gutter.ts'

const AXIS_HEIGHT = 22

interface ChartOptions {
  place: HTMLElement
  zone: string
  locale: string
  /** The pointer was dragged over this range. */
  onDrag: (fromMs: number, toMs: number) => void
  /** The pointer was pressed and let go in one place. */
  onPress: (ms: number) => void
}

/** The bars, drawn by uPlot. This module is loaded when the first histogram is. */
export class Chart {
  readonly #plot: uPlot
  #highest = 1
  #edges: readonly number[] = [0, 1]

  constructor(options: ChartOptions) {
    const { place, zone, locale } = options
    const font = '12px system-ui, sans-serif'
    const quiet = colourOf('--text-3')
    const line = colourOf('--line')
    const between = colourOf('--bg')
    const compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 })
    const bars = uPlot.paths.bars?.({ size: [1, Number.POSITIVE_INFINITY], align: 1, gap: 1 })
    const series = [...STACKS].reverse().map((stack) => ({
      fill: colourOf(`--bar-${stack}`),
      stroke: between,
      width: 0,
      points: { show: false },
      ...(bars ? { paths: bars } : {})
    }))
    this.#plot = new uPlot(
      {
        width: Math.max(1, place.clientWidth),
        height: Math.max(1, place.clientHeight),
        padding: [10, GUTTER.right, 0, 0],
        legend: { show: false },
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
        cursor: {
          points: { show: false },
          y: false,
          drag: { x: true, y: false, setScale: false, dist: 4 }
        },
        scales: {
          x: { time: true, range: () => [(this.#edges[0] ?? 0) / 1000, (this.#edges.at(-1) ?? 1) / 1000] },
          y: { range: () => [0, this.#highest] }
        },
        axes: [
          {
            stroke: quiet,
            font,
            size: AXIS_HEIGHT,
            space: 90,
            grid: { show: false },
            ticks: { stroke: line, size: 4 },
            values: (_plot, splits) => labels(splits, zone)
          },
          {
            stroke: quiet,
            font,
            size: GUTTER.left,
            space: 28,
            incrs: [
              1,
              2,
              5,
              10,
              20,
              50,
              ...[2, 3, 4, 5, 6, 7, 8].flatMap((n) => [1, 2, 5].map((m) => m * 10 ** n))
            ],
            grid: { stroke: line, width: 1 },
            ticks: { show: false },
            values: (_plot, splits) => splits.map((value) => compact.format(value))
          }
        ],
        series: [{}, ...series],
        hooks: {
          setSelect: [
            (plot) => {
              const { left, width } = plot.select
              if (width < 1) return
              options.onDrag(plot.posToVal(left, 'x') * 1000, plot.posToVal(left + width - 1, 'x') * 1000)
            }
          ]
        }
      },
      [[], [], [], [], []],
      place
    )
    this.#plot.over.addEventListener('click', (event) => {
      if (this.#plot.select.width < 1) options.onPress(this.#plot.posToVal(event.offsetX, 'x') * 1000)
    })
  }

  /** `highest` is the top of the y scale, in lines. */
  show(counts: Counts, highest: number): void {
    this.#edges = counts.edges
    this.#highest = Math.max(1, highest * 1.05)
    let below = counts.edges.slice(0, -1).map(() => 0)
    const tops = STACKS.map((stack) => {
      below = below.map((base, bar) => base + (counts.stacks[stack][bar] ?? 0))
      return below
    })
    this.#plot.setData([counts.edges.slice(0, -1).map((ms) => ms / 1000), ...tops.reverse()], true)
  }

  /** Shows these bars as chosen, or none. */
  choose(range: { fromMs: number; toMs: number } | undefined): void {
    const height = this.#plot.bbox.height / devicePixelRatio
    if (!range) {
      this.#plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
      return
    }
    const left = this.#plot.valToPos(range.fromMs / 1000, 'x')
    const right = this.#plot.valToPos(range.toMs / 1000, 'x')
    this.#plot.setSelect({ left, top: 0, width: Math.max(2, right - left), height }, false)
  }

  resize(width: number, height: number): void {
    if (width > 0 && height > 0) this.#plot.setSize({ width, height })
  }

  destroy(): void {
    this.#plot.destroy()
  }
}

/** The date at midnight, else the clock; seconds only where the ticks need them. */
function labels(splits: number[], zone: string): string[] {
  const seconds = splits.some((split) => split % 60 !== 0)
  return splits.map((split) => {
    const ms = split * 1000
    if (dayStart(ms, zone) === ms) return dateText(ms, zone).slice(5)
    return clockText(ms, zone, seconds ? 'second' : 'minute')
  })
}
