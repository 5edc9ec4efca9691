import { type ReactNode, useId } from 'react'
import { Wrong, wrongAt } from './wrong.tsx'

interface ChoiceProps {
  label: string
  value: string | number
  onChange: (value: string) => void
  /** Why it cannot be this one. */
  wrong?: string | undefined
  /** Its options. */
  children: ReactNode
}

/** A labelled list to choose from. */
export function Choice({ label, value, onChange, wrong, children }: ChoiceProps) {
  const id = useId()
  return (
    <div className="deploys-choice">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        {...wrongAt(id, wrong)}
      >
        {children}
      </select>
      <Wrong field={id} text={wrong} />
    </div>
  )
}
