/**
 * Takes a token off the process list at once: whoever lists processes would read the arguments of this one. Imported
 * before everything else, because loading the rest takes time.
 */
const FLAG = '--join'
/** Stands where the token stood. */
const HIDDEN = '(hidden)'

export const joinToken = hideJoinToken(process.argv)

/** The token of `--join`, which is overwritten in `args` and in what the system shows. */
function hideJoinToken(args: string[]): string | undefined {
  const at = args.findIndex((arg) => arg === FLAG || arg.startsWith(`${FLAG}=`))
  const found = args[at]
  if (at < 0 || found === undefined) return undefined
  const token = found === FLAG ? args[at + 1] : found.slice(FLAG.length + 1)
  if (token === undefined) return undefined
  if (found === FLAG) args[at + 1] = HIDDEN
  else args[at] = `${FLAG}=${HIDDEN}`
  // On Linux and macOS this overwrites the memory that the system reads the arguments from.
  process.title = args.slice(1).join(' ').slice(0, 200)
  return token
}
