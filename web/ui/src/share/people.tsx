import { useMemo, useRef, useState } from 'preact/hooks'
import type { Person } from '../api/access'
import type { Camera } from '../api/wire'
import { t } from '../i18n/i18n'
import { reason } from '../i18n/reason'
import { Avatar } from '../kit/avatar'
import { Button } from '../kit/button'
import { Chip } from '../kit/chip'
import { Growing } from '../kit/growing'
import { Icon } from '../kit/icons'
import { memo } from '../wall/memo'
import { change, isChanged, take, type Row, type Terms } from './draft'
import { effect, isExpired, what, when } from './effect'
import { LevelsMenu } from './levels-menu'
import { PeopleField } from './people-field'
import { ScheduleEditor } from './schedule-editor'
import { entries, isNever, presetOf, type Schedule } from './schedule'
import { UntilMenu } from './until-menu'

interface Props {
  camera: Camera
  rows: readonly Row[]
  put(edit: (rows: readonly Row[]) => readonly Row[]): void
  /** The row added last, also where its person was in the table already. */
  added: string | undefined
  onAdd(who: Person | string): void
  /** Whether the server lets new accounts in by invitation. */
  invites: boolean
  /** Asked before a person who is watching is deleted. */
  onStop(r: Row): void
}

/** nameOf is how a row's person is called. */
export function nameOf(r: Row): string {
  return r.account?.name || r.account?.email_masked || r.email || ''
}

/** People is the table of everybody with access to a camera; edits are drafts until Save. */
export function People({ camera, rows, put, onAdd, added, invites, onStop }: Props) {
  const [schedule, editSchedule] = useState<string>()
  const editing = rows.find(r => r.key === schedule)
  const known = new Set(rows.flatMap(r => (r.account && !r.removed ? [r.account.id] : [])))
  const edit = (r: Row, terms: Partial<Terms>): void => put(all => change(all, r.key, { terms: { ...r.terms, ...terms } }))
  // The same object at every drawing: a row is drawn again only when it is another one.
  const now = useRef<Acts>(undefined)
  now.current = {
    edit,
    patch: (r, x) => put(all => change(all, r.key, x)),
    onSchedule: r => editSchedule(r.key),
    onDelete: r => (r.watching ? onStop(r) : put(all => take(all, r.key))),
  }
  const acts = useMemo<Acts>(() => ({
    edit: (r, x) => now.current?.edit(r, x),
    patch: (r, x) => now.current?.patch(r, x),
    onSchedule: r => now.current?.onSchedule(r),
    onDelete: r => now.current?.onDelete(r),
  }), [])
  return (
    <>
      <PeopleField camera={camera.id} known={known} onAdd={onAdd} />
      {rows.length === 0 ? (
        <p class="none">{t('people.empty')}</p>
      ) : (
        <>
          <div class="ppl-head" aria-hidden="true">
            <span>{t('people.person')}</span><span>{t('cameras.state')}</span><span>{t('people.levels')}</span><span>{t('people.schedule')}</span><span>{t('people.ends')}</span><span />
          </div>
          <Growing rows={rows} keep={r => isChanged(r) || !!r.theirs || r.added === true || r.key === added}>
            {shown => (
              <ul class="ppl">
                {shown.map(r => <PersonRow key={r.key} row={r} camera={camera} invites={invites} acts={acts} />)}
              </ul>
            )}
          </Growing>
        </>
      )}
      {editing && (
        <ScheduleEditor
          name={nameOf(editing)}
          camera={camera.name}
          zone={camera.zone}
          schedule={editing.terms.schedule}
          only_hours={editing.terms.only_hours}
          only_from={editing.terms.only_from}
          archive={editing.terms.levels.includes('archive')}
          others={rows.filter(r => r.key !== editing.key && r.terms.schedule !== null).map(r => ({ name: nameOf(r), schedule: r.terms.schedule }))}
          onDone={v => edit(editing, v)}
          onClose={() => editSchedule(undefined)}
        />
      )}
    </>
  )
}

/** What can be done to a row. */
interface Acts {
  edit(r: Row, x: Partial<Terms>): void
  patch(r: Row, x: Partial<Row>): void
  onSchedule(r: Row): void
  onDelete(r: Row): void
}

interface RowProps {
  row: Row
  camera: Camera
  invites: boolean
  acts: Acts
}

const PersonRow = memo(function PersonRow({ row: r, camera, invites, acts }: RowProps) {
  const edit = (x: Partial<Terms>): void => acts.edit(r, x)
  const patch = (x: Partial<Row>): void => acts.patch(r, x)
  const name = nameOf(r)
  const says = effect(r, camera.zone, Date.now())
  const fixed = r.removed || r.theirs === 'deleted'
  const cls = ['pr', isChanged(r) && 'dirty', fixed && 'off', isExpired(r.terms, Date.now()) && 'past'].filter(Boolean).join(' ')
  return (
    <li class={cls} data-row={r.key} tabIndex={-1} aria-label={name}>
      <div class="who">
        <Avatar name={name} />
        <span>
          <b title={name}><bdi>{name}</bdi></b>
          {r.account && r.account.email_masked !== name && <bdi class="meta dim" dir="ltr">{r.account.email_masked}</bdi>}
        </span>
      </div>
      <div class="state"><State row={r} /></div>
      {!fixed && (
        <>
          <LevelsMenu name={name} levels={r.terms.levels} rights={r.terms.rights} sound={camera.sound} onChange={(levels, rights) => edit({ levels, rights })} />
          <button type="button" class="fld pick" data-label={t('people.schedule')} onClick={() => acts.onSchedule(r)} aria-haspopup="dialog" aria-label={t('people.schedule_of', { name, schedule: scheduleWord(r.terms.schedule) })}>
            <span>{scheduleWord(r.terms.schedule)}</span>
            <Icon name="right" small />
          </button>
          <UntilMenu name={name} until={r.terms.until} zone={camera.zone} onChange={until => edit({ until })} />
        </>
      )}
      <div class="end">
        {r.removed
          ? <Button small onClick={() => patch({ removed: false })}>{t('action.undo')}</Button>
          : <Button kind="quiet" bare icon="trash" onClick={() => acts.onDelete(r)}>{t('people.delete', { name })}</Button>}
      </div>
      <p class={`eff${says.warn ? ' warn' : ''}`}>{says.warn && <Icon name="warn" small />}{says.text}</p>
      {r.theirs && (
        <p class="theirs">
          <Icon name="warn" small />
          <span class="grow">{r.theirs === 'deleted' ? t('people.theirs_deleted') : t('people.theirs', { what: what(r.theirs), when: isNever(r.theirs.schedule) ? t('sched.never') : when(r.theirs, camera.zone) })}</span>
          {r.theirs !== 'deleted' && <Button small onClick={() => patch({ terms: r.theirs as Terms, theirs: undefined })}>{t('people.take_theirs')}</Button>}
          {r.theirs !== 'deleted' && <Button small kind="quiet" onClick={() => patch({ theirs: undefined })}>{t('people.keep_mine')}</Button>}
        </p>
      )}
      {r.added && <p class="theirs">{t('people.added')}</p>}
      {r.error && (
        <p class="err" role="alert">
          <Icon name="warn" small />
          <span>{r.error === 'not_registered' && !invites ? t('people.no_invite') : reason(r.error)}</span>
          {r.error === 'not_registered' && invites && <Button small icon="mail" onClick={() => patch({ invite: true, error: undefined })}>{t('people.invite')}</Button>}
        </p>
      )}
      {!r.base && (
        <input class="fld message" maxLength={500} value={r.message} placeholder={t('people.message')} aria-label={t('people.message_to', { name })} onInput={e => patch({ message: e.currentTarget.value })} />
      )}
    </li>
  )
})

/** scheduleWord is the short name of a schedule: a preset's, or how many lines it has. */
export function scheduleWord(s: Schedule): string {
  if (isNever(s)) return t('sched.never')
  switch (presetOf(s)) {
    case 'always': return t('sched.always')
    case 'work': return t('sched.work')
    case 'nights': return t('sched.nights')
    case 'weekends': return t('sched.weekends')
  }
  return t('sched.blocks', { n: entries(s).length })
}

function State({ row: r }: { row: Row }) {
  if (!r.base) return <Chip tone="warn">{t('grant.draft')}</Chip>
  if (r.waiting) return <Chip icon="mail">{t('grant.waiting')}</Chip>
  switch (r.state) {
    case 'accepted': return <Chip tone="live" icon="check">{t('grant.accepted')}</Chip>
    case 'declined': return <Chip tone="shut" icon="close">{t('grant.declined')}</Chip>
    case 'expired': return <Chip tone="shut" icon="clock">{t('grant.expired')}</Chip>
  }
  return <Chip icon="wait">{t('grant.offered')}</Chip>
}

