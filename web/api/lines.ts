/** The lines of a streamed answer, as many at a time as arrived together. The last one needs no newline. */
export async function* linesOf(response: Response): AsyncGenerator<string[]> {
  const body = response.body
  if (!body) return
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true })
      const lines = rest.split('\n')
      rest = done ? '' : (lines.pop() ?? '')
      const whole = lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
      if (done) {
        const full = whole.filter((line) => line !== '')
        if (full.length > 0) yield full
        return
      }
      if (whole.length > 0) yield whole
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}
