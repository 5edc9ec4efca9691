/** What the hub refused a field for, beside it and tied to it. */
export function Wrong({ field, text }: { field: string; text: string | undefined }) {
  return (
    text !== undefined && (
      <p id={idOf(field)} role="alert" className="wrong">
        {text}
      </p>
    )
  )
}

/** What the field itself says of it. */
export function wrongAt(field: string, text: string | undefined) {
  return text === undefined ? {} : { 'aria-invalid': true, 'aria-describedby': idOf(field) }
}

function idOf(field: string): string {
  return `${field}-wrong`
}
