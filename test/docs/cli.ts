/** docs/cli.md, made from the help of the commands. */
import { buildProgram } from '../../server/cli/program.ts'
import type { Say } from '../../server/cli/say.ts'

export const SILENT: Say = {
  line: () => {},
  write: () => {},
  remark: () => {},
  progress: { say: () => {}, done: () => {} },
  paint: (_, text) => text,
  colours: false,
  isTerminal: false,
  screen: () => undefined,
  me: 'driftlog'
}

export function cliPage(): string {
  const program = buildProgram({ env: {}, say: SILENT, ended: () => {} })
  const commands = program.commands
    .flatMap((command) => [command, ...command.commands])
    .filter((command) => command.name() !== 'help')
  return `# Command line

Answers go to standard output, remarks and progress to standard error, so that pipes get answers alone. Colours and
progress are for terminals; \`NO_COLOR\` and \`FORCE_COLOR\` are honoured. \`--json\` gives one JSON object a line: \`search\` and
\`tail\` write records as the API gives them (\`GET /api/logs\`); \`tail\` puts what is no record under a name of its own:
\`{"move": …}\`, \`{"deploy": …}\`, \`{"skipped": …}\`, \`{"reset": …}\`. Ctrl-C closes in order; pressed twice it ends at once. Settings beside
these flags: [configuration](configuration.md).

This page is made from the code: \`UPDATE_DOCS=1 npx vitest run --project unit test/docs\` writes it again.

${[program, ...commands].map(section).join('\n')}`
}

function section(command: ReturnType<typeof buildProgram>): string {
  let text = ''
  command.configureOutput({
    writeOut: (part) => (text += part),
    getOutHelpWidth: () => 110,
    getOutHasColors: () => false
  })
  command.outputHelp()
  const names: string[] = []
  for (let one: typeof command | null = command; one; one = one.parent) names.unshift(one.name())
  const title = names.join(' ')
  return `## ${title}\n\n\`\`\`\n${text.trim()}\n\`\`\`\n`
}
