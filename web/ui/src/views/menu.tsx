import type { View } from '../api/wire'
import { t } from '../i18n/i18n'
import { Icon } from '../kit/icons'
import { Menu } from '../kit/menu'
import { viewHere } from './here'
import { every, nameOf, type Device } from './resolve'

interface Props {
  views: readonly View[]
  /** What is shown; undefined is every camera. */
  view: View | undefined
  device: Device
  choose(id: string): void
  onArrange(): void
  onNew(): void
  onManage(): void
}

/** ViewMenu is the name of the view that is shown, and the way to the others. */
export function ViewMenu({ views, view, device, choose, onArrange, onNew, onManage }: Props) {
  const name = nameOf(view)
  const here = viewHere(device)
  const note = (v: View): string => [
    here === v.id ? t('views.this_device') : '',
    v.version > 0 && v.default_for?.includes('desktop') ? t('views.pc') : '',
    v.version > 0 && v.default_for?.includes('phone') ? t('views.phone') : '',
  ].filter(Boolean).join(', ')
  return (
    <Menu
      label={t('wall.view', { name })}
      cls="view"
      button={<><bdi>{name}</bdi><Icon name="down" small /></>}
      items={[
        ...views.map(v => ({ text: <bdi>{nameOf(v)}</bdi>, note: note(v), checked: v.id === view?.id, act: () => choose(v.id) })),
        { text: t('wall.all_cameras'), note: here === every ? t('views.this_device') : '', checked: !view, act: () => choose(every) },
        ...(view ? [{ text: t('views.arrange'), icon: 'grid' as const, rule: true, act: onArrange }] : []),
        { text: t('views.new'), icon: 'plus', rule: !view, act: onNew },
        { text: t('views.manage_more'), icon: 'gear', act: onManage },
      ]}
    />
  )
}

/** opensOn says why this device shows the view first, or nothing. */
export function opensOn(view: View | undefined, device: Device): string {
  const here = viewHere(device)
  if (here !== undefined) return here === (view?.id ?? every) ? t('views.chip_here') : ''
  return view && view.version > 0 && view.default_for?.includes(device) ? t(device === 'phone' ? 'views.chip_phone' : 'views.chip_pc') : ''
}
