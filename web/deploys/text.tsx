import { CopyButton } from './copy-button.tsx'
import { useSay } from './words.ts'

/** A text to read and to copy. */
export function Text({ name, text }: { name: string; text: string }) {
  const { say } = useSay()
  return (
    <section aria-label={name}>
      <div className="definition-head">
        <h2>{name}</h2>
        <CopyButton text={text} label={say('copyText', { name })} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard. */}
      <pre tabIndex={0}>{text}</pre>
    </section>
  )
}
