import { useState } from 'react'
import { LineText } from '../list/line-text.tsx'
import { useLanguage } from '../words/index.ts'

/** Frames of a runtime or a library: folded, so that one's own stand out. */
const FOREIGN =
  /node_modules|\bnode:[a-z]|^\s*at (?:java|javax|jdk|sun|kotlin|scala|org\.(?:apache|springframework|eclipse|hibernate)|io\.(?:netty|reactivex))\.|site-packages|dist-packages|\/lib\/python\d|^\s+at (?:System|Microsoft)\.|\/usr\/local\/go\/src|\/go\/pkg\/mod|\/rustc\//
const FRAME = /^\s+at |^\s+File "|^\s+from |^\t\S+\.go:\d+|^\s+\d+: /
/** More than this stands in Raw. */
const MOST_LENGTH = 32 * 1024
/** A single line is read in its row; here it stands only when the row cut it. */
const LONG = 400

interface Block {
  lines: string[]
  folded: boolean
}

/** An event of several lines, its library frames folded. */
export function StackText({ text }: { text: string }) {
  const { t } = useLanguage()
  const [shown, setShown] = useState<ReadonlySet<number>>(new Set())
  if (!text.includes('\n') && text.length < LONG) return null
  const lines = text.slice(0, MOST_LENGTH).split('\n')
  return (
    <pre className="stack">
      {blocksOf(lines).map((block, i) =>
        block.folded && !shown.has(i) ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: blocks of one unchanging text
          <button key={i} type="button" className="fold" onClick={() => setShown(new Set([...shown, i]))}>
            {t('record.framesFolded', { count: block.lines.length })}
          </button>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: blocks of one unchanging text
          <span key={i}>
            <LineText plain={plainOf(block)} from={0} to={Number.MAX_SAFE_INTEGER} marks={[]} links />
          </span>
        )
      )}
      {text.length > MOST_LENGTH && <span className="quiet">… {t('record.jsonCut')}</span>}
    </pre>
  )
}

function plainOf(block: Block) {
  return { text: `${block.lines.join('\n')}\n`, runs: [] }
}

/** Neighbouring foreign frames make one block; one alone is not worth a fold. */
export function blocksOf(lines: readonly string[]): Block[] {
  const blocks: Block[] = []
  for (const line of lines) {
    const folded = FRAME.test(line) && FOREIGN.test(line)
    const last = blocks[blocks.length - 1]
    if (last?.folded === folded) last.lines.push(line)
    else blocks.push({ lines: [line], folded })
  }
  return blocks.map((block) =>
    block.folded && block.lines.length === 1 ? { ...block, folded: false } : block
  )
}
