/** The hub says something every 10 s; two missed beats mean that the connection is dead. */
const SILENCE_MS = 25_000

/** What comes over a connection; where nothing comes for so long its attempt is aborted, as nobody else tells. */
export async function* untilSilent<T>(
  events: AsyncIterable<T>,
  attempt: AbortController,
  silenceMs = SILENCE_MS
): AsyncGenerator<T> {
  let silence = setTimeout(() => attempt.abort(), silenceMs)
  try {
    for await (const event of events) {
      clearTimeout(silence)
      silence = setTimeout(() => attempt.abort(), silenceMs)
      yield event
    }
  } finally {
    clearTimeout(silence)
  }
}
