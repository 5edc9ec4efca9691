/**
 * Every escape sequence that begins with ESC: CSI (colours, cursor), OSC (titles, links), the strings DCS, SOS,
 * PM, APC, and the two- and three-character ones (character sets, save cursor). A string that is never closed
 * loses only its beginning, so that it cannot hide the rest of the line from search.
 */
const ESCAPE =
  /\x1b(?:\[[0-?]*[ -/]*[@-~]?|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]+[0-~]?|[0-~])?/g

/** The text as a terminal shows it, without colours. The result holds no ESC. */
export function stripAnsi(text: string): string {
  return text.includes('\x1b') ? text.replace(ESCAPE, '') : text
}
