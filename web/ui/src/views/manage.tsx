import { useState } from 'preact/hooks'
import { views as api } from '../api/api'
import { asProblem, type Problem } from '../api/problem'
import type { View } from '../api/wire'
import { t } from '../i18n/i18n'
import { Button } from '../kit/button'
import { Chip } from '../kit/chip'
import { Confirm, Dialog } from '../kit/dialog'
import { SelectField, TextField } from '../kit/field'
import { useForm } from '../kit/form'
import { Menu } from '../kit/menu'
import { Notice, ProblemNotice } from '../kit/notice'
import { problemText } from '../i18n/reason'
import { announce } from '../kit/resource'
import { cells } from '../wall/grid'
import { copyName } from './draft'
import { setViewHere, viewHere } from './here'
import { every, filled, gridOf, gridText, nameOf, type Device } from './resolve'

interface Props {
  views: readonly View[]
  device: Device
  onArrange(v: View): void
  onNew(): void
  onDeleted(v: View): void
  onClose(): void
}

/** Manage lists the saved views: rename, duplicate, defaults, delete, and what this device opens on. */
export function Manage({ views, device, onArrange, onNew, onDeleted, onClose }: Props) {
  const [problem, setProblem] = useState<Problem>()
  const [renaming, rename] = useState<View>()
  const [deleting, remove] = useState<View>()
  const saved = views.filter(v => v.version > 0)
  const here = viewHere(device)

  const run = async (act: () => Promise<unknown>): Promise<void> => {
    setProblem(undefined)
    try {
      await act()
    } catch (e) {
      setProblem(asProblem(e))
    }
    announce('views') // also after a refusal: what it was about has changed
  }
  const copy = (v: View): Promise<void> => run(() => api.add({ ...plain(v), name: copyName(nameOf(v), views.map(o => o.name)), default_for: [], version: 0 }))
  const makeDefault = (v: View, d: Device, on: boolean): Promise<void> =>
    run(() => api.save(v.id, { ...plain(v), default_for: [...(v.default_for ?? []).filter(x => x !== d), ...(on ? [d] : [])] }))

  return (
    <Dialog title={t('views.manage')} onClose={onClose} wide footer={<><Button icon="plus" onClick={onNew}>{t('views.new')}</Button><span class="sp" /><Button kind="primary" onClick={onClose}>{t('views.done')}</Button></>}>
      {problem && <Notice tone="bad">{problemText(problem)}</Notice>}
      {saved.length === 0 ? <p>{t('views.no_views')}</p> : (
        <ul class="vw-views" aria-label={t('views.manage')}>
          {saved.map(v => (
            <li key={v.id}>
              <div class="vw-view">
                <bdi class="vw-view-name">{nameOf(v)}</bdi>
                <span class="meta dim">{t('views.about', { grid: gridText(gridOf(v)), n: v.cells.filter(filled).length, cells: cells(gridOf(v)) })}</span>
              </div>
              {v.default_for?.includes('desktop') && <Chip>{t('views.pc')}</Chip>}
              {v.default_for?.includes('phone') && <Chip>{t('views.phone')}</Chip>}
              <Menu
                end
                label={t('views.acts', { name: nameOf(v) })}
                cls="btn quiet"
                button={t('views.more')}
                items={[
                  { text: t('views.arrange'), icon: 'grid', act: () => onArrange(v) },
                  { text: t('views.rename'), icon: 'tag', act: () => rename(v) },
                  { text: t('views.duplicate'), icon: 'copy', act: () => void copy(v) },
                  ...(['desktop', 'phone'] as const).map(d => {
                    const on = v.default_for?.includes(d) ?? false
                    const key = d === 'phone' ? (on ? 'views.default_phone_off' : 'views.default_phone') : (on ? 'views.default_pc_off' : 'views.default_pc')
                    return { text: t(key), icon: 'star' as const, rule: d === 'desktop', act: () => void makeDefault(v, d, !on) }
                  }),
                  { text: t('views.delete'), icon: 'trash', danger: true, rule: true, act: () => remove(v) },
                ]}
              />
            </li>
          ))}
        </ul>
      )}
      <SelectField
        label={t('views.here')}
        hint={t('views.here_hint')}
        bound={{ name: 'here', value: here !== undefined && (here === every || views.some(v => v.id === here)) ? here : '', set: v => setViewHere(device, v || undefined), leave: () => {} }}
        options={[
          { value: '', text: t(device === 'phone' ? 'views.here_phone' : 'views.here_pc') },
          ...saved.map(v => ({ value: v.id, text: nameOf(v) })),
          { value: every, text: t('wall.all_cameras') },
        ]}
      />
      {renaming && <Rename view={renaming} onClose={() => rename(undefined)} />}
      {deleting && (
        <Confirm title={t('views.delete_name', { name: nameOf(deleting) })} verb={t('views.delete')} onClose={() => remove(undefined)} act={async () => {
          await api.remove(deleting.id).catch(e => { if (asProblem(e).status !== 404) throw e }) // gone is what was wanted
          announce('views')
          onDeleted(deleting)
        }}>
          <p>{(deleting.default_for?.length ?? 0) > 0 ? t('views.delete_default') : t('views.delete_text')}</p>
        </Confirm>
      )}
    </Dialog>
  )
}

/** plain is a view as it is sent: without its id. */
function plain({ name, rows, columns, layout, cells: held, default_for, version }: View): Omit<View, 'id'> {
  return { name, rows, columns, layout, cells: held, default_for, version }
}

function Rename({ view, onClose }: { view: View; onClose(): void }) {
  const form = useForm({ name: view.name }, v => (v.name.trim() ? {} : { name: 'required' }), async v => {
    try {
      await api.save(view.id, { ...plain(view), name: v.name.trim() })
    } finally {
      announce('views')
    }
    onClose()
  })
  return (
    <Dialog title={t('views.rename_name', { name: nameOf(view) })} onClose={onClose}>
      <form onSubmit={form.onSubmit} noValidate>
        <ProblemNotice problem={form.problem} />
        <TextField bound={form.bind('name')} label={t('views.name')} maxLength={60} />
        <div class="acts"><Button type="submit" kind="primary" busy={form.busy}>{t('views.rename')}</Button><Button kind="quiet" onClick={onClose}>{t('action.cancel')}</Button></div>
      </form>
    </Dialog>
  )
}
