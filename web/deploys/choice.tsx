import { type ReactNode, useId } from 'react'

interface ChoiceProps {
  label: string
  value: string | number
  onChange: (value: string) => void
  /** Its options. */
  children: ReactNode
}

/** A labelled list to choose from. */
export function Choice({ label, value, onChange, children }: ChoiceProps) {
  const id = useId()
  return (
    <div className="deploys-choice">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
        {children}
      </select>
    </div>
  )
}
