import type { ComponentChildren, ButtonHTMLAttributes } from 'preact'
import { Icon, type IconName } from './icons'

export interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'icon' | 'class'> {
  /** primary: the one main act of a screen; plain: bordered; quiet: in rows; danger: opens an irreversible act; fatal: does it. */
  kind?: 'primary' | 'plain' | 'quiet' | 'danger' | 'fatal'
  small?: boolean
  icon?: IconName
  /** Only the icon is seen; the text becomes its label. */
  bare?: boolean
  busy?: boolean
  pressed?: boolean
  type?: 'button' | 'submit'
  children?: ComponentChildren
  extra?: string
}

export function Button({ kind = 'plain', small, icon, bare, busy, pressed, type = 'button', children, extra, ...rest }: ButtonProps) {
  const cls = ['btn', kind, small && 's', bare && 'ic', pressed && 'on', extra].filter(Boolean).join(' ')
  const label = bare ? { 'aria-label': String(children), title: String(children) } : {}
  return (
    <button type={type} class={cls} aria-busy={busy || undefined} aria-pressed={pressed} {...label} {...rest}>
      {icon && <Icon name={icon} small={small} />}
      {!bare && children}
    </button>
  )
}
