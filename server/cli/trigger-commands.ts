/** `driftlog trigger` and `driftlog notice`. */
import type { Command } from 'commander'
import { type ClientFlags, type CommandParts, clientOf, examples, UTC } from './options.ts'

const TOKEN = 'a deploy token'

export function triggerCommands(program: Command, { env, say, ended }: CommandParts): void {
  const trigger = program
    .command('trigger')
    .summary('what deploys without a person')
    .description(
      'Hooks of GitLab, GitHub, Jenkins and registries, and schedules, that begin deploys by rules.'
    )
    .addHelpText(
      'after',
      examples(
        'driftlog trigger put github.yaml      # standard output has its secret, this once',
        'driftlog trigger deliveries github',
        'driftlog trigger secret github'
      )
    )
  clientOf(trigger.command('put <file>'), TOKEN)
    .description(
      'Makes a trigger, or changes its rules: YAML or JSON with name, kind and rules, as POST /api/triggers has them. The secret of a new one goes to standard output, this once. "-" reads standard input.'
    )
    .action(async (file: string, flags: ClientFlags) => {
      const { putTrigger } = await import('./trigger.ts')
      ended(await putTrigger(file, flags, env, say))
    })
  clientOf(trigger.command('list'))
    .description('Lists triggers.')
    .option(...UTC)
    .action(async (flags: ClientFlags) => {
      const { listTriggers } = await import('./trigger.ts')
      ended(await listTriggers(flags, env, say))
    })
  clientOf(trigger.command('deliveries <name>'))
    .description('Says what came to a trigger and what became of it, newest first.')
    .option(...UTC)
    .action(async (name: string, flags: ClientFlags) => {
      const { listDeliveries } = await import('./trigger.ts')
      ended(await listDeliveries(name, flags, env, say))
    })
  clientOf(trigger.command('secret <name>'), TOKEN)
    .description(
      'Makes a new secret, which goes to standard output, this once. The old one opens nothing any more.'
    )
    .action(async (name: string, flags: ClientFlags) => {
      const { renewSecret } = await import('./trigger.ts')
      ended(await renewSecret(name, flags, env, say))
    })
  clientOf(trigger.command('delete <name>'), TOKEN)
    .description('Deletes a trigger with its secret and its deliveries.')
    .action(async (name: string, flags: ClientFlags) => {
      const { deleteTrigger } = await import('./trigger.ts')
      ended(await deleteTrigger(name, flags, env, say))
    })
}

export function noticeCommands(program: Command, { env, say, ended }: CommandParts): void {
  const notice = program
    .command('notice')
    .summary('who is told what became of deploys')
    .description('Messages to Slack, DingTalk, WeCom, or as JSON to any address.')
    .addHelpText('after', examples('driftlog notice put team.yaml', 'driftlog notice list'))
  clientOf(notice.command('put <file>'), TOKEN)
    .description(
      'Makes or changes a notice: YAML or JSON with name, kind and url, as POST /api/notices has them. "-" reads standard input.'
    )
    .action(async (file: string, flags: ClientFlags) => {
      const { putNotice } = await import('./notice.ts')
      ended(await putNotice(file, flags, env, say))
    })
  clientOf(notice.command('list'))
    .description('Lists notices and how their messages fare. Ends with 1 where one was given up.')
    .option(...UTC)
    .action(async (flags: ClientFlags) => {
      const { listNotices } = await import('./notice.ts')
      ended(await listNotices(flags, env, say))
    })
  clientOf(notice.command('delete <name>'), TOKEN)
    .description('Deletes a notice, and the messages that it has not sent.')
    .action(async (name: string, flags: ClientFlags) => {
      const { deleteNotice } = await import('./notice.ts')
      ended(await deleteNotice(name, flags, env, say))
    })
}
