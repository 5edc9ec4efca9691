/** Rows of panels, as grafana-dash-gen has them, become places in the grid of 24 columns that Grafana has had since version 5. */
import type { Json, JsonObject } from './json.ts'
import type { Panel } from './panels.ts'

export interface Row {
  title: string
  collapse: boolean
  panels: readonly Panel[]
}

const COLUMNS = 24
const COLUMNS_OF_SPAN = 2

/** Ids go by place: the same panel keeps its links as long as nothing comes before it. */
export function placed(rows: readonly Row[]): JsonObject[] {
  const panels: JsonObject[] = []
  let y = 0
  let id = 1
  for (const { title, collapse, panels: members } of rows) {
    const heading = { id: id++, type: 'row', title, collapsed: collapse, gridPos: place(0, y, COLUMNS, 1) }
    const { inside, below } = lines(members, y + 1)
    const numbered = inside.map((panel): JsonObject => ({ ...panel, id: id++ }))
    panels.push({ ...heading, panels: collapse ? numbered : [] }, ...(collapse ? [] : numbered))
    y = collapse ? y + 1 : below
  }
  return panels
}

/** Side by side as long as they fit, then in the next line. */
function lines(members: readonly Panel[], top: number): { inside: JsonObject[]; below: number } {
  let [x, y, tallest] = [0, top, 0]
  const inside = members.map(({ span, height, ...panel }) => {
    const width = Math.min(COLUMNS, span * COLUMNS_OF_SPAN)
    if (x + width > COLUMNS) [x, y, tallest] = [0, y + tallest, 0]
    const gridPos = place(x, y, width, height)
    x += width
    tallest = Math.max(tallest, height)
    return { ...panel, gridPos }
  })
  return { inside, below: y + tallest }
}

function place(x: number, y: number, w: number, h: number): Json {
  return { x, y, w, h }
}
