import { useRef, useState } from 'react'
import { usePage } from '../state/page.ts'
import { useLanguage } from '../words/index.ts'
import { copyText } from './copy.ts'
import type { JsonNode } from './json.ts'

interface Line {
  path: string
  depth: number
  name: string
  node: JsonNode
  size: number
  open: boolean
}

const MOST_LINES = 3000
const INDENT = 16

/** A tree of the line's JSON: arrows walk and open, `c` copies the path as a query. */
export function JsonTree({ node }: { node: JsonNode }) {
  const { t } = useLanguage()
  const page = usePage()
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set())
  const [at, setAt] = useState(0)
  const list = useRef<HTMLDivElement>(null)
  const lines = linesOf(node, closed)
  const here = Math.min(at, lines.length - 1)

  const toggle = (path: string) => {
    const next = new Set(closed)
    if (!next.delete(path)) next.add(path)
    setClosed(next)
  }
  const go = (to: number) => {
    const clamped = Math.max(0, Math.min(lines.length - 1, to))
    setAt(clamped)
    list.current?.querySelectorAll<HTMLElement>('[role="treeitem"]')[clamped]?.focus()
  }
  const onKeyDown = (event: React.KeyboardEvent) => {
    const line = lines[here]
    if (!line || event.ctrlKey || event.metaKey || event.altKey) return
    const parent = lines.findLastIndex((other, i) => i < here && other.depth < line.depth)
    if (event.key === 'ArrowDown') go(here + 1)
    else if (event.key === 'ArrowUp') go(here - 1)
    else if (event.key === 'Home') go(0)
    else if (event.key === 'End') go(lines.length - 1)
    else if (event.key === 'ArrowRight') line.size > 0 && !line.open ? toggle(line.path) : go(here + 1)
    else if (event.key === 'ArrowLeft')
      line.size > 0 && line.open ? toggle(line.path) : go(Math.max(0, parent))
    else if (event.key === 'c') copyText(queryOf(line), page, t)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <div
      ref={list}
      role="tree"
      aria-label={t('record.json')}
      className="json"
      onKeyDown={onKeyDown}
      tabIndex={-1}
    >
      {lines.map((line, i) => (
        <div
          key={line.path}
          role="treeitem"
          aria-level={line.depth + 1}
          aria-selected={i === here}
          aria-expanded={line.size > 0 ? line.open : undefined}
          tabIndex={i === here ? 0 : -1}
          style={{ paddingLeft: line.depth * INDENT }}
          onFocus={() => setAt(i)}
          onClick={() => line.size > 0 && toggle(line.path)}
          onKeyDown={undefined}
        >
          <span aria-hidden="true" className="json-sign">
            {line.size > 0 ? (line.open ? '▾' : '▸') : ' '}
          </span>
          {line.name !== '' && <span className="json-name">{line.name}: </span>}
          <Leaf line={line} />
        </div>
      ))}
      {lines.length >= MOST_LINES && <p className="quiet">{t('record.jsonCut')}</p>}
    </div>
  )
}

function Leaf({ line }: { line: Line }) {
  const { t } = useLanguage()
  const { node, size } = line
  switch (node.kind) {
    case 'text':
      return <span className="json-text">{node.value === '' ? '""' : node.value}</span>
    case 'word':
      return <span className="json-word">{node.value}</span>
    case 'object':
      return <span className="quiet">{size === 0 ? '{}' : t('record.jsonFields', { count: size })}</span>
    case 'array':
      return <span className="quiet">{size === 0 ? '[]' : t('record.jsonItems', { count: size })}</span>
  }
}

/** `http.status:500`; a branch gives its path alone. */
function queryOf(line: Line): string {
  const { node } = line
  if (node.kind === 'object' || node.kind === 'array') return line.path
  const value = node.value
  return `${line.path}:${/^[\w.-]+$/.test(value) ? value : JSON.stringify(value)}`
}

function linesOf(root: JsonNode, closed: ReadonlySet<string>): Line[] {
  const lines: Line[] = []
  const walk = (node: JsonNode, name: string, path: string, depth: number) => {
    if (lines.length >= MOST_LINES) return
    const children: [string, JsonNode][] =
      node.kind === 'object'
        ? node.entries
        : node.kind === 'array'
          ? node.items.map((item, i) => [String(i), item])
          : []
    const open = !closed.has(path)
    if (depth >= 0) lines.push({ path, depth, name, node, size: children.length, open })
    if (!open && depth >= 0) return
    for (const [child, value] of children)
      walk(value, child, path === '' ? child : `${path}.${child}`, depth + 1)
  }
  walk(root, '', '', -1)
  return lines
}
